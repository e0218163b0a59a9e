"""Position members: where a message lies, as every record that has a position tells it."""

from typing import Any

from events.models import Attempt, Consumption, DeadLetter, Publication


def position_members(row: Publication | Consumption | Attempt | DeadLetter) -> dict[str, Any]:
    """Return topic, partition and offset."""
    return {"topic": row.topic, "partition": row.partition, "offset": row.offset}

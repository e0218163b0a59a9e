"""The list of publications: confirmed writes to Kafka, newest first."""

from collections.abc import Sequence

from events.auditing.lanes import EXAMINED, Lanes, Places, given, places
from events.auditing.positions import newest_at_positions

TABLE = "events_publication"
FIRST = "first"


def publication_places(
    *, topics: Sequence[str] | None, cause: str | None, limit: int, examined: int = EXAMINED
) -> Places:
    """Return the ids of the newest publications; `topics`: None for all."""
    is_again = cause is not None and cause != FIRST
    if topics is not None and not is_again:
        return newest_at_positions(
            TABLE,
            topics=topics,
            filters=given((cause, "f.cause = %(cause)s")),
            parameters={"cause": cause},
            limit=limit,
            examined=examined,
        )
    lanes = Lanes(
        table=TABLE,
        order=("id",),
        lane="NOT (r.cause = 'first')" if is_again else "TRUE",  # as the index has it
        filters=given((cause, "f.cause = %(cause)s"), (topics, "f.topic = ANY(%(topics)s)")),
        parameters={"cause": cause, "topics": list(topics or ())},
    )
    return places(lanes, after=None, limit=limit, examined=examined)

"""Replays as they are asked for, and as whoever runs them leaves them."""

from typing import Any

from events.models import Replay
from tests.audit_rows import at

PLAN = {"topic": "order_invoices", "partition": 0, "first": 20, "end": 500, "committed": 400}


def a_replay(**fields: Any) -> Replay:
    """One of 300 offsets in each of two partitions, asked for and run by nobody yet."""
    row = {
        "group": "invoices",
        "topics": ["order_invoices"],
        "range": "all",
        "plan": [{**PLAN, "partition": number, "from": 100, "to": 400} for number in range(2)],
        "by": "ada",
        "reason": "the mails were lost",
        "requested_at": at(0),
        **fields,
    }
    return Replay.objects.create(**row)

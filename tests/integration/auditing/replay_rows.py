"""Replays as their processes leave them, and what they did to an event."""

from typing import Any

from events.models import Consumption, Event, Replay
from tests.audit_rows import GROUP, a_consumption, at


def a_replay(**fields: Any) -> Replay:
    row = {
        "group": GROUP,
        "topics": ["order_invoices"],
        "range": "all",
        "mode": "missing",
        "state": "done",
        "by": "ann",
        "reason": "the template was wrong",
        "requested_at": at(100),
        "finished_at": at(200),
        **fields,
    }
    return Replay.objects.create(**row)


def forced(replay: Replay, event: Event | None, **fields: Any) -> Consumption:
    """What a forced replay did with a message: a ledger row in its own generation."""
    return a_consumption(event, generation=replay.pk, replay=replay, **fields)

"""Replays as rows, in any state, for what is read of them and done to them over HTTP."""

from typing import Any

from events.models import Replay
from tests.audit_rows import GROUP, START, at

TOPIC = "order_invoices"


def a_replay(**fields: Any) -> Replay:
    """One that is asked for, of a hundred offsets in one partition."""
    row = {
        "group": GROUP,
        "topics": [TOPIC],
        "range": "all",
        "plan": [span(TOPIC, 0, 100)],
        "by": "ada",
        "reason": "a day is missing",
        "requested_at": START,
        **fields,
    }
    return Replay.objects.create(**row)


def span(topic: str, start: int, to: int, *, partition: int = 0) -> dict[str, Any]:
    """One partition of a plan."""
    return {
        "topic": topic,
        "partition": partition,
        "from": start,
        "to": to,
        "first": 0,
        "end": 120,
        "committed": 110,
    }


def half_way(**fields: Any) -> Replay:
    """One that runs, with all that is told of it."""
    row = {
        "state": "running",
        "range": "timestamps",
        "bounds": {"from": START.isoformat(), "before": None},
        "only": {"key": "/w=="},
        "rate": 50.0,
        "from_archive": True,
        "plan": [
            span(TOPIC, 20, 100),
            span(TOPIC, 0, 80, partition=1),
            span(TOPIC, 5, 5, partition=2),
        ],
        "positions": {f"{TOPIC}:0": 100},
        "counters": {"succeeded": 7, "done": 63, "absent": 10},
        "report": {
            "gaps": [
                {
                    "topic": TOPIC, "partition": 1, "from": 0, "to": 3, "offsets": 3,
                    "events": ["01890000-0000-7000-8000-000000000000"], "events_count": 1,
                }
            ],
            "gaps_cut": False,
            "note": "",
        },
        "started_at": at(1),
        "progress_at": at(2),
        "host": "app-1",
        "pid": 41,
        **fields,
    }  # fmt: skip
    return a_replay(**row)

"""Attempts: the rows that tell more than the ledger does, written in bulk."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.consuming.delivery import Delivery
from events.consuming.process import HOST, PID
from events.models.attempt import Attempt
from events.sql import columns, run

_COLUMNS = (
    ("dedupe_key", "text"),
    ("event_id", "uuid"),
    ("source", "text"),
    ("ce_id", "text"),
    ("topic", "text"),
    ("partition", "int"),
    ("offset", "bigint"),
    ("handler", "text"),
    ("number", "int"),
    ("duration_s", "float8"),
    ("result", "text"),
    ("error", "text"),
)
_NAMES = ", ".join(f'"{name}"' for name, _ in _COLUMNS)
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS)
_INSERT = f"""
    INSERT INTO events_attempt ("group", generation, host, pid, started_at, {_NAMES})
    SELECT %(group)s, %(generation)s, %(host)s, %(pid)s,
           clock_timestamp() - make_interval(secs => coalesce(given.duration_s, 0)), given.*
    FROM unnest({_ARRAYS}) AS given({_NAMES})
"""  # noqa: S608 - column names only

Result = Attempt.Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One try of a delivery and how it ended; `duration_s` is None where nothing ran."""

    delivery: Delivery
    number: int
    result: Result
    error: str = ""
    duration_s: float | None = None


def write_attempts(tried: Sequence[Tried]) -> None:
    """Insert one row a try, in the caller's transaction; all are of one generation."""
    if not tried:
        return
    rows = [_row(each) for each in tried]
    group = tried[0].delivery.subscription.group
    names = [name for name, _ in _COLUMNS]
    run(
        _INSERT,
        {
            "group": group,
            "generation": tried[0].delivery.generation,
            "host": HOST,
            "pid": PID,
            **columns(rows, names),
        },
    )


def _row(each: Tried) -> tuple[Any, ...]:
    event = each.delivery.event
    return (
        each.delivery.dedupe_key,
        event.event_id,
        event.source,
        event.id,
        event.topic,
        event.position.partition,
        event.position.offset,
        each.delivery.handler_name,
        each.number,
        each.duration_s,
        each.result.value,
        each.error,
    )

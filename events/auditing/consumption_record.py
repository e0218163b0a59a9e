"""The consumption record: what is told of a ledger row, and of the attempts at it."""

from typing import Any

from events.auditing.consumption_list import ConsumptionHistory
from events.auditing.position_members import position_members
from events.auditing.replay_members import replay_members
from events.models import Attempt, Consumption


def consumption_address(row: Consumption) -> str:
    """Return the path under which the consumption is read."""
    return f"/api/v1/consumptions/{row.pk}"


def consumption_record(row: Consumption) -> dict[str, Any]:
    """Return what one group did with one key."""
    waybill = f"/api/v1/events/{row.event_id}" if row.event_id else None
    return {
        "id": row.pk,
        **_ledger_key(row),
        "event_id": row.event_id,
        "source": row.source,
        "ce_id": row.ce_id,
        **position_members(row),
        "handler": row.handler,
        "outcome": row.outcome,
        "attempts": row.attempts,
        "unknown_count": row.unknown_count,
        "first_at": row.first_at,
        "finished_at": row.finished_at,
        "next_attempt_at": row.next_attempt_at,
        "redriven_at": row.redriven_at,
        "effect_began_at": row.effect_began_at,
        "effect_reference": row.effect_reference,
        "error": row.error,
        "links": {"self": consumption_address(row), "waybill": waybill},
    }


def consumption_history_record(history: ConsumptionHistory) -> dict[str, Any]:
    """Return the row with its attempts and the ids of the letters that its message became."""
    return consumption_record(history.row) | {
        "attempts_kept": [attempt_record(each) for each in history.attempts],
        "dead_letters": list(history.letters),
    }


def attempt_record(row: Attempt) -> dict[str, Any]:
    """Return one run of a handler."""
    return {
        **_ledger_key(row),
        **position_members(row),
        "handler": row.handler,
        "number": row.number,
        "started_at": row.started_at,
        "duration_s": row.duration_s,
        "result": row.result,
        "error": row.error,
    }


def _ledger_key(row: Consumption | Attempt) -> dict[str, Any]:
    return {"group": row.group, "dedupe_key": row.dedupe_key, **replay_members(row)}

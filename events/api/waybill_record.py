"""The waybill as the API tells it: the event, what became of it, and the time line."""

from typing import Any

from events.api.event_record import event_record
from events.auditing.entries import Entry
from events.auditing.waybill import Waybill
from events.models import LIVE, Attempt, Consumption, DeadLetter, OperatorAction, Publication


def waybill_record(waybill: Waybill) -> dict[str, Any]:
    """Return the whole waybill; `complete` is false where rows were left out."""
    return event_record(waybill.event, state=waybill.state, value_bytes=waybill.value_bytes) | {
        "publications": [_publication(row) for row in waybill.publications],
        "consumptions": [_consumption(row) for row in waybill.consumptions],
        "attempts": [_attempt(row) for row in waybill.attempts],
        "dead_letters": [_dead_letter(row) for row in waybill.dead_letters],
        "actions": [_action(row) for row in waybill.actions],
        "timeline": [_entry(entry) for entry in waybill.timeline],
        "complete": waybill.is_complete,
    }


def _publication(row: Publication) -> dict[str, Any]:
    return {
        **_position(row),
        "published_at": row.published_at,
        "cause": row.cause,
        "by": row.by,
    }


def _consumption(row: Consumption) -> dict[str, Any]:
    return {
        **_ledger_key(row),
        **_position(row),
        "handler": row.handler,
        "outcome": row.outcome,
        "attempts": row.attempts,
        "first_at": row.first_at,
        "finished_at": row.finished_at,
        "next_attempt_at": row.next_attempt_at,
        "effect_began_at": row.effect_began_at,
        "effect_reference": row.effect_reference,
        "error": row.error,
    }


def _attempt(row: Attempt) -> dict[str, Any]:
    return {
        **_ledger_key(row),
        **_position(row),
        "handler": row.handler,
        "number": row.number,
        "started_at": row.started_at,
        "duration_s": row.duration_s,
        "result": row.result,
        "error": row.error,
    }


def _dead_letter(row: DeadLetter) -> dict[str, Any]:
    return {
        "id": row.pk,
        "group": row.group,
        **_position(row),
        "state": row.state,
        "attempts": row.attempts,
        "exception": row.exception,
        "error": row.error,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "reason": row.reason,
    }


def _action(row: OperatorAction) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "allowed": row.allowed,
        "reason": row.reason,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "kind": entry.kind.value,
        "group": entry.group,
        "summary": entry.summary,
        "details": dict(entry.details),
    }


def _ledger_key(row: Consumption | Attempt) -> dict[str, Any]:
    replay = None if row.generation == LIVE else row.generation
    return {"group": row.group, "dedupe_key": row.dedupe_key, "replay": replay}


def _position(row: Publication | Consumption | Attempt | DeadLetter) -> dict[str, Any]:
    return {"topic": row.topic, "partition": row.partition, "offset": row.offset}

"""The waybill as the API tells it: the event, what became of it, and the time line."""

from typing import Any

from events.api.consumption_record import attempt_record, consumption_record
from events.api.event_record import event_record
from events.api.position_members import position_members
from events.auditing.entries import Entry
from events.auditing.waybill import Waybill
from events.models import DeadLetter, OperatorAction, Publication


def waybill_record(waybill: Waybill) -> dict[str, Any]:
    """Return the whole waybill; `complete` is false where rows were left out."""
    return event_record(waybill.event, state=waybill.state, value_bytes=waybill.value_bytes) | {
        "publications": [_publication(row) for row in waybill.publications],
        "consumptions": [consumption_record(row) for row in waybill.consumptions],
        "attempts": [attempt_record(row) for row in waybill.attempts],
        "dead_letters": [_dead_letter(row) for row in waybill.dead_letters],
        "actions": [_action(row) for row in waybill.actions],
        "timeline": [_entry(entry) for entry in waybill.timeline],
        "complete": waybill.is_complete,
    }


def _publication(row: Publication) -> dict[str, Any]:
    return {
        **position_members(row),
        "published_at": row.published_at,
        "cause": row.cause,
        "by": row.by,
    }


def _dead_letter(row: DeadLetter) -> dict[str, Any]:
    return {
        "id": row.pk,
        "group": row.group,
        **position_members(row),
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

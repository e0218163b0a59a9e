"""The waybill as machines read it: the event, what became of it, and the time line."""

from typing import Any

from events.auditing.consumption_record import attempt_record, consumption_record
from events.auditing.entries import Entry
from events.auditing.event_record import event_record
from events.auditing.finding import Match
from events.auditing.foreign_message import ForeignMessage
from events.auditing.handling import Handling
from events.auditing.position_members import position_members
from events.auditing.replay_members import replay_members
from events.auditing.tracing import Traced
from events.auditing.waybill import Waybill
from events.models import DeadLetter, OperatorAction, Publication, Replay


def waybill_record(waybill: Waybill) -> dict[str, Any]:
    """Return the whole waybill; `complete` is false where rows were left out."""
    event = event_record(waybill.event, state=waybill.state, value_bytes=waybill.value_bytes)
    return {
        **event,
        "publications": [_publication(row) for row in waybill.publications],
        **_handling(waybill),
        "actions": [_action(row) for row in waybill.actions],
        "timeline": [_entry(entry) for entry in waybill.timeline],
        "complete": waybill.is_complete,
    }


def foreign_record(message: ForeignMessage) -> dict[str, Any]:
    """Return the members of a waybill that a message has which was not published here."""
    return {
        "source": message.source,
        "ce_id": message.ce_id,
        **message.position._asdict(),
        **_handling(message.handling),
        "actions": [_action(row) for row in message.actions],
        "timeline": [_entry(entry) for entry in message.timeline],
        "complete": message.is_complete,
    }


def traced_record(traced: Traced) -> dict[str, Any]:
    """Return the record of the one thing that was found, or the `matches`."""
    if traced.waybill is not None:
        return waybill_record(traced.waybill)
    if traced.message is not None:
        return foreign_record(traced.message)
    return {
        "matches": [_match(match) for match in traced.found.matches],
        "complete": not traced.found.is_cut,
    }


def _handling(told: Waybill | Handling) -> dict[str, Any]:
    return {
        "consumptions": [consumption_record(row) for row in told.consumptions],
        "attempts": [attempt_record(row) for row in told.attempts],
        "dead_letters": [_dead_letter(row) for row in told.dead_letters],
        "replays": [_replay(row) for row in told.replays],
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
        **replay_members(row),
        **position_members(row),
        "state": row.state,
        "attempts": row.attempts,
        "exception": row.exception,
        "error": row.error,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "reason": row.reason,
    }


def _replay(row: Replay) -> dict[str, Any]:
    return {
        "id": row.pk,
        "group": row.group,
        "mode": row.mode,
        "state": row.state,
        "by": row.by,
        "reason": row.reason,
        "requested_at": row.requested_at,
        "finished_at": row.finished_at,
    }


def _match(match: Match) -> dict[str, Any]:
    return {
        "type": match.type,
        "id": match.id,
        "by": match.by,
        "at": match.at,
        "topic": match.topic,
        "key": match.key,
        "title": match.title,
    }


def _action(row: OperatorAction) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": row.at,
        "actor": row.actor,
        "action": row.action,
        "target_type": row.target_type,
        "target_id": row.target_id,
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

"""The letter record: what the API tells about a dead letter, its bytes only to those who may."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from events.api.shown_bytes import shown_bytes
from events.auditing.letter_groups import LetterGroup
from events.auditing.position_members import position_members
from events.auditing.replay_members import replay_members
from events.consuming.letter_record import headers_of
from events.models import DeadLetter


def letter_address(letter: DeadLetter) -> str:
    """Return the path under which the letter is read."""
    return f"/api/v1/dead-letters/{letter.pk}"


def letter_record(letter: DeadLetter) -> dict[str, Any]:
    """Return the record of a letter as `without_bytes()` gives it."""
    waybill = f"/api/v1/events/{letter.event_id}" if letter.event_id else None
    return {
        "id": letter.pk,
        "group": letter.group,
        **position_members(letter),
        "state": letter.state,
        "event_id": letter.event_id,
        "source": letter.source,
        "ce_id": letter.ce_id,
        "type": letter.type,
        "dedupe_key": letter.dedupe_key,
        "handler": letter.handler,
        **replay_members(letter),
        "attempts": letter.attempts,
        "exception": letter.exception,
        "error": letter.error,
        "value_bytes": vars(letter)["value_bytes"],  # the annotation
        "recorded_at": letter.recorded_at,
        "created_at": letter.created_at,
        "changed_at": letter.changed_at,
        "reason": letter.reason,
        "result": letter.result,
        "parent": letter.parent_id,
        "links": {"self": letter_address(letter), "waybill": waybill},
    }


def whole_letter_record(letter: DeadLetter, *, children: Sequence[DeadLetter]) -> dict[str, Any]:
    """Return the record with the traceback, and what became of the letter's redrives."""
    return letter_record(letter) | {
        "traceback": letter.traceback,
        "children": [
            {
                "id": child.pk,
                "state": child.state,
                "created_at": child.created_at,
                "result": child.result,
            }
            for child in children
        ],
    }


def letter_bytes(letter: DeadLetter, *, is_shown: bool) -> dict[str, Any]:
    """Return what `include=value` adds: key, headers and value, or that they are withheld."""
    if not is_shown:
        return {"value_withheld": True}
    return {
        "value_withheld": False,
        "headers": [header_record(*each) for each in headers_of(letter.headers)],
        **shown_bytes("key", letter.key),
        **shown_bytes("value", letter.value),
    }


def kind_record(kind: LetterGroup) -> dict[str, Any]:
    """Return letters of one group that failed alike."""
    return asdict(kind)


def header_record(name: str, value: bytes | None) -> dict[str, Any]:
    """Return a header of a message: its value as text, in base64, or null."""
    return {"name": name, **shown_bytes("value", value)}

"""The event a caller sends: one JSON object, and the event to publish that it stands for."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import msgspec

from events.api.members import Members, escaped
from events.errors import FieldError
from events.publishing.outbox import NewEvent

_ZonedTime = Annotated[datetime, msgspec.Meta(tz=True)]


class _Data(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()


def exact_data(body: bytes) -> bytes:
    """Return the bytes of the member `data` as sent; empty if it is absent.

    Cut out, not rendered again: whitespace, order and the spelling of numbers stay. `body` must
    have passed the strict parser: here nothing is looked at again.
    """
    return bytes(msgspec.json.decode(body, type=_Data).data)


def event_request(topic: str, *, value: bytes, document: dict[str, Any]) -> NewEvent:
    """Return the event to publish, with `value` as its value; raises Problem 422."""
    members = Members(document)
    members.required("data")
    new = NewEvent(
        topic=topic,
        value=value,
        type=members.text("type"),
        key=members.optional_text("key"),
        subject=members.optional_text("subject") or "",
        id=_name(members, "id"),
        source=_name(members, "source"),
        occurred_at=_time(members, "time"),
        headers=tuple(members.texts("headers").items()),
    )
    members.refuse()
    return new


def as_sent(errors: Iterable[FieldError], *, event: NewEvent) -> list[FieldError]:
    """Return errors of publish_alone(event) with pointers to what the caller sent."""
    return [
        FieldError(pointer=_pointer(error.pointer, event), detail=error.detail) for error in errors
    ]


def _name(members: Members, name: str) -> str:
    value = members.optional_text(name)
    if value == "":
        members.wrong(name, "must not be empty; leave it out to have one given")
    return value or ""


def _time(members: Members, name: str) -> datetime | None:
    text = members.optional_text(name)
    if text is None:
        return None
    try:
        return msgspec.convert(text, _ZonedTime)
    except msgspec.ValidationError:
        members.wrong(name, "must be a time as RFC 3339 has it: 2026-01-31T12:00:00Z")
        return None


def _pointer(pointer: str, event: NewEvent) -> str:
    if pointer == "/occurred_at":
        return "/time"
    _, *steps = pointer.split("/")
    if steps[:1] == ["headers"] and len(steps) > 1:
        name, _ = event.headers[int(steps[1])]
        return f"/headers/{escaped(name)}"
    return pointer

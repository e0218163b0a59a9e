"""The plain form: `application/json`, one object is an event, an array of them a batch."""

from typing import Annotated, Any

import msgspec

from events.api.body import parsed_json
from events.api.members import Members
from events.api.moment import ZonedTime, moment
from events.api.publishing.parsed import Parsed
from events.api.publishing.trace import Trace
from events.conf import Limits
from events.errors import EventInvalid, FieldError, pointer_step
from events.publishing.new_event import NewEvent

Filled = Annotated[str, msgspec.Meta(min_length=1)]


class _Data(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()


class _Plain(msgspec.Struct, forbid_unknown_fields=True):
    """An event of which nothing is wrong."""

    type: str
    data: msgspec.Raw
    key: str | None = None
    subject: str | None = None
    id: Filled | None = None
    source: Filled | None = None
    time: ZonedTime | None = None
    headers: dict[str, str] | None = None


_PLAIN = msgspec.json.Decoder(_Plain)
_ONE = msgspec.json.Decoder(_Data)
_PIECES = msgspec.json.Decoder(list[msgspec.Raw])


def exact_data(body: bytes | msgspec.Raw) -> bytes:
    """Return the bytes of the member `data` as sent; empty if it is absent.

    Cut out, not rendered again: whitespace, order and the spelling of numbers stay. `body` must
    be an object that has passed the strict parser: here nothing is looked at again.
    """
    return bytes(_ONE.decode(body).data)


def pieces_of(body: bytes) -> list[msgspec.Raw]:
    """Return the elements of an array, each as sent; `body` as in exact_data."""
    return _PIECES.decode(body)


def read_json_form(body: bytes, *, topic: str, trace: Trace, limits: Limits) -> Parsed:
    """Return the event, or the batch. Raises Problem: 400 (not acceptable JSON)."""
    is_batch = body.lstrip(b" \t\r\n").startswith(b"[")
    # The array around a batch is none of its events' levels.
    document = parsed_json(body, depth=limits.depth + is_batch)
    pieces = zip(document, pieces_of(body), strict=True) if is_batch else [(document, body)]
    events = [
        _event(each, piece, topic=topic, trace=trace, limits=limits) for each, piece in pieces
    ]
    return Parsed(events=events, is_batch=is_batch, as_sent=_as_sent)


def _event(
    document: Any, piece: bytes | msgspec.Raw, *, topic: str, trace: Trace, limits: Limits
) -> NewEvent | EventInvalid:
    try:
        plain = _PLAIN.decode(piece)
    except msgspec.ValidationError:
        # The slow way finds everything that is wrong and names it.
        return _read_by_member(document, piece, topic=topic, trace=trace, limits=limits)
    return NewEvent(
        topic=topic,
        value=bytes(plain.data),
        type=plain.type,
        key=plain.key,
        subject=plain.subject or "",
        id=plain.id or "",
        source=plain.source or "",
        occurred_at=plain.time,
        headers=trace.added_to(tuple((plain.headers or {}).items()), limits=limits),
        traceparent=trace.parent,
    )


def _read_by_member(
    document: Any, piece: bytes | msgspec.Raw, *, topic: str, trace: Trace, limits: Limits
) -> NewEvent | EventInvalid:
    if not isinstance(document, dict):
        return EventInvalid([FieldError(pointer="", detail="must be an object: one event")])
    members = Members(document)
    members.required("data")
    new = NewEvent(
        topic=topic,
        value=exact_data(piece),
        type=members.text("type"),
        key=members.optional_text("key"),
        subject=members.optional_text("subject") or "",
        id=_name(members, "id"),
        source=_name(members, "source"),
        occurred_at=moment(members, "time"),
        headers=trace.added_to(tuple(members.texts("headers").items()), limits=limits),
        traceparent=trace.parent,
    )
    errors = members.errors()
    return EventInvalid(errors) if errors else new


def _name(members: Members, name: str) -> str:
    value = members.optional_text(name)
    if value == "":
        members.wrong(name, "must not be empty; leave it out to have one given")
    return value or ""


def _as_sent(pointer: str, event: NewEvent) -> str:
    if pointer == "/occurred_at":
        return "/time"
    _, *steps = pointer.split("/")
    if steps[:1] == ["headers"] and len(steps) > 1:
        name, _ = event.headers[int(steps[1])]
        return f"/headers/{pointer_step(name)}"
    return pointer

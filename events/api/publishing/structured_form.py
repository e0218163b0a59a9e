"""Structured mode: attributes and data in one JSON object; batches of such objects.

Source: CloudEvents 1.0.2, JSON Event Format.
"""

import binascii
from base64 import b64decode
from typing import Any

import msgspec

from events.api.body import parsed_json
from events.api.media_type import BYTES, UTF_8, charset_of
from events.api.members import Members
from events.api.problems import invalid
from events.api.publishing import cloud_event
from events.api.publishing.json_form import exact_data, pieces_of
from events.api.publishing.parsed import Parsed
from events.api.publishing.trace import Trace
from events.api.strict_json import NotStrictJson, parse
from events.conf import Limits
from events.errors import EventInvalid, FieldError
from events.publishing.new_event import NewEvent
from events.schemas import JSON, is_json

DATA, BASE64 = "data", "data_base64"


def read_structured(body: bytes, *, topic: str, trace: Trace, limits: Limits) -> Parsed:
    """Return the event. Raises Problem: 400 (not acceptable JSON)."""
    document = parsed_json(body, depth=limits.depth)
    event = _event(document, body, topic=topic, trace=trace, limits=limits)
    return Parsed(events=[event], is_batch=False, as_sent=cloud_event.as_sent)


def read_structured_batch(body: bytes, *, topic: str, trace: Trace, limits: Limits) -> Parsed:
    """Return the batch. Raises Problem: 400 (not acceptable JSON), 422 (no array)."""
    documents = parsed_json(body, depth=limits.depth + 1)
    if not isinstance(documents, list):
        raise invalid([FieldError(pointer="", detail="must be an array of events")])
    events = [
        _event(document, piece, topic=topic, trace=trace, limits=limits)
        for document, piece in zip(documents, pieces_of(body), strict=True)
    ]
    return Parsed(events=events, is_batch=True, as_sent=cloud_event.as_sent)


def _event(
    document: Any, piece: bytes | msgspec.Raw, *, topic: str, trace: Trace, limits: Limits
) -> NewEvent | EventInvalid:
    if not isinstance(document, dict):
        return EventInvalid([FieldError(pointer="", detail="must be an object: one event")])
    members = Members(document)
    content_type = _content_type(members)
    return cloud_event.cloud_event(
        members,
        topic=topic,
        value=_value(members, piece, content_type=content_type, depth=limits.depth),
        content_type=content_type,
        trace=trace,
        limits=limits,
    )


def _content_type(members: Members) -> str:
    given = members.optional_text("datacontenttype")
    if given is None:
        return BYTES if members.has(BASE64) else JSON
    if is_json(given) and charset_of(given) != UTF_8:
        members.wrong("datacontenttype", "must be UTF-8, the one charset that JSON has")
    return given


def _value(
    members: Members, piece: bytes | msgspec.Raw, *, content_type: str, depth: int
) -> bytes:
    """Return the data's exact bytes; empty for an event without data."""
    encoded, data = members.optional_text(BASE64), members.optional(DATA)
    if encoded is not None:
        if members.holds(DATA):
            members.wrong(BASE64, "must not stand beside data")
        return _decoded(members, encoded, content_type=content_type, depth=depth)
    if not members.holds(DATA):
        return b""
    if is_json(content_type):
        return exact_data(piece)
    if not isinstance(data, str):
        members.wrong(DATA, f"must be text, or be sent as {BASE64}: it is not JSON")
        return b""
    return data.encode()


def _decoded(members: Members, encoded: str, *, content_type: str, depth: int) -> bytes:
    try:
        value = b64decode(encoded, validate=True)
        if value and is_json(content_type):
            parse(value, depth=depth)
    except (binascii.Error, ValueError) as error:
        said = str(error) if isinstance(error, NotStrictJson) else "it is not base64"
        members.wrong(BASE64, f"cannot be taken: {said}")
        return b""
    return value

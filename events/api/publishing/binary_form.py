"""Binary mode: attributes are headers (`ce-…`), the body is the data itself.

Source: CloudEvents 1.0.2, HTTP Protocol Binding, section 3.1.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from events.api.body import parsed_json
from events.api.members import Members
from events.api.publishing import cloud_event
from events.api.publishing.parsed import Parsed
from events.api.publishing.trace import Trace
from events.conf import Limits
from events.errors import EventInvalid, FieldError
from events.publishing.new_event import NewEvent
from events.schemas import JSON, is_json

SIGN = "HTTP_CE_SPECVERSION"
_PREFIX = "HTTP_CE_"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


def attribute_headers(meta: Mapping[str, Any]) -> dict[str, str]:
    """Return the request's `ce-…` headers as they came, by attribute name, in order."""
    return {
        name.removeprefix(_PREFIX).lower(): meta[name]
        for name in sorted(meta)
        if name.startswith(_PREFIX)
    }


def read_binary(
    body: bytes, *, topic: str, trace: Trace, limits: Limits, meta: Mapping[str, Any]
) -> Parsed:
    """Return the event. Raises Problem: 400 (data announced as JSON that is not acceptable).

    Without a Content-Type the data is JSON, as it is in the JSON format without datacontenttype.
    """
    content_type = meta.get("CONTENT_TYPE") or JSON
    if body and is_json(content_type):
        parsed_json(body, depth=limits.depth)
    attributes = {name: _decoded(value) for name, value in attribute_headers(meta).items()}
    event: NewEvent | EventInvalid
    if errors := list(_undecodable(attributes)):
        event = EventInvalid(errors)
    else:
        event = cloud_event.cloud_event(
            Members(attributes),
            topic=topic,
            value=body,
            content_type=content_type,
            trace=trace,
            limits=limits,
        )
    return Parsed(events=[event], is_batch=False, as_sent=cloud_event.as_sent)


def _undecodable(attributes: Mapping[str, str | None]) -> Iterator[FieldError]:
    for name, value in attributes.items():
        if value is None:
            yield FieldError(pointer=f"/{name}", detail="must be UTF-8, percent-encoded")


def _decoded(value: str) -> str | None:
    """Return a header's value, percent-decoded once; None if it is no UTF-8."""
    quoted = _QUOTED.fullmatch(value)
    plain = _ESCAPED.sub(r"\1", quoted[1]) if quoted else value
    try:
        # WSGI hands headers over as Latin-1: so the bytes are what was sent.
        return unquote_to_bytes(plain.encode("latin-1")).decode()
    except UnicodeError:
        return None

"""CloudEvents 1.0: an event's attributes, whichever mode they came in, as an event to publish.

Sources: CloudEvents 1.0.2, section 3 (context attributes) and its type system; the extension
"Partitioning" (partitionkey), which is the key here.
"""

import re
from typing import Any

from events.api.members import Members
from events.api.moment import moment
from events.api.publishing.trace import Trace
from events.conf import Limits
from events.errors import EventInvalid
from events.publishing.new_event import NewEvent

SPEC_VERSION = "1.0"
PREFIX = "ce_"  # of attributes among a message's headers on Kafka
_NAME = re.compile(r"[a-z0-9]{1,64}")
_INTEGERS = range(-(2**31), 2**31)  # CloudEvents' own type Integer
_NAMES = {
    "/occurred_at": "/time",
    "/key": "/partitionkey",
    "/content_type": "/datacontenttype",
}
# What no caller can set as an extension, and why.
_TAKEN = {
    "waybillid": "is written by Waybill itself",
    "data": "is no attribute",
    "datacontenttype": "is the header Content-Type in binary mode",
}


def cloud_event(
    members: Members, *, topic: str, value: bytes, content_type: str, trace: Trace, limits: Limits
) -> NewEvent | EventInvalid:
    """Return the event with these attributes and this value, or all that is wrong with them.

    Errors that `members` has noted before count too. What the form itself took is known to it.
    """
    version = members.text("specversion")
    if version != SPEC_VERSION and members.holds_text("specversion"):
        members.wrong(
            "specversion", f"must be {SPEC_VERSION!r}: other versions are not known here"
        )
    key = members.optional_text("partitionkey")
    new = NewEvent(
        topic=topic,
        value=value,
        content_type=content_type,
        id=_filled(members, "id"),
        source=_filled(members, "source"),
        type=_filled(members, "type"),
        subject=_filled(members, "subject") if members.has("subject") else "",
        key=key,
        occurred_at=moment(members, "time"),
        headers=trace.added_to(_headers(members), limits=limits),
        traceparent=trace.parent,
    )
    errors = members.errors()
    return EventInvalid(errors) if errors else new


def as_sent(pointer: str, event: NewEvent) -> str:
    """Return where an error of publishing lies among the attributes and the data."""
    _, *steps = pointer.split("/")
    if steps[:1] == ["headers"] and len(steps) > 1:
        name, _ = event.headers[int(steps[1])]
        return f"/{name.removeprefix(PREFIX)}"
    return _NAMES.get(pointer, pointer)


def _filled(members: Members, name: str) -> str:
    text = members.text(name)
    if text == "" and members.holds_text(name):
        members.wrong(name, "must not be empty")
    return text


def _headers(members: Members) -> tuple[tuple[str, str], ...]:
    headers = []
    if members.has("dataschema"):
        headers.append((f"{PREFIX}dataschema", _filled(members, "dataschema")))
    for name, value in members.others():
        if not _NAME.fullmatch(name):
            members.wrong(name, "must have a name of lower-case letters and digits, 64 at most")
        elif name in _TAKEN:
            members.wrong(name, _TAKEN[name])
        elif value is not None:
            headers.append((f"{PREFIX}{name}", _text(members, name, value)))
    return tuple(headers)


def _text(members: Members, name: str, value: Any) -> str:
    """Return an extension's value in its canonical form as text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value in _INTEGERS:
        return str(value)
    members.wrong(name, "must be text, true or false, or a whole number of 32 bits")
    return ""

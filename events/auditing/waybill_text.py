"""The waybill as plain text, aligned, for a terminal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from events.auditing.entries import Entry
from events.auditing.finding import Found
from events.auditing.foreign_message import ForeignMessage
from events.auditing.tracing import Traced
from events.auditing.waybill import Waybill

_MARKS = {
    "failed": "!",
    "dead_lettered": "x",
    "parked": "x",
    "unknown": "?",
    "waiting": ".",
    "retrying": ".",
}
_BY_ID = {"dead_letter": "dead letter", "consumption": "consumption"}  # commands ask for these ids


def traced_text(traced: Traced) -> str:
    """Return the one thing that was found, or a list of the matches, newest first.

    Control characters in keys and errors are written as escapes: they cannot command the terminal.
    """
    if traced.waybill is not None:
        lines = _waybill(traced.waybill)
    elif traced.message is not None:
        lines = _foreign(traced.message)
    else:
        lines = _matches(traced.found)
    return "\n".join(_printable(line) for line in lines) + "\n"


def _waybill(waybill: Waybill) -> Iterator[str]:
    event = waybill.event
    facts = [
        ("type", event.type),
        ("state", str(waybill.state)),
        ("topic", event.topic),
        ("key", "(none)" if event.key is None else event.key),
        ("subject", event.subject),
        ("value", _size(waybill)),
        ("source", event.source),
        ("id", "" if event.ce_id == str(event.pk) else event.ce_id),
    ]
    return _story(f"Waybill {event.pk}", facts, told=waybill)


def _foreign(message: ForeignMessage) -> Iterator[str]:
    facts = [("source", message.source), ("id", message.ce_id)]
    head = (
        f"Message {message.position}. Not published here, so there is no waybill; this is known:"
    )
    return _story(head, facts, told=message)


def _story(
    head: str, facts: Sequence[tuple[str, str]], *, told: Waybill | ForeignMessage
) -> Iterator[str]:
    day = told.timeline[0].at
    yield head
    yield ""
    yield from (f"  {name:<8} {value}" for name, value in facts if value)
    yield ""
    yield f"Time line ({day.astimezone(UTC):%Y-%m-%d}, UTC)"
    width = max((len(entry.group) for entry in told.timeline), default=0)
    for entry in told.timeline:
        yield from _entry(entry, width=width, day=day)
    if not told.is_complete:
        yield "  … more than can be shown here"


def _size(waybill: Waybill) -> str:
    sha256 = bytes(waybill.event.value_sha256 or b"").hex()
    if waybill.value_bytes is None:
        return f"erased, sha256 {sha256[:16]}…" if sha256 else "tombstone"
    return f"{waybill.value_bytes} bytes, sha256 {sha256[:16]}…, {waybill.event.content_type}"


def _entry(entry: Entry, *, width: int, day: datetime) -> Iterator[str]:
    group = f"{entry.group:<{width}}  " if width else ""
    head = f"  {_moment(entry.at, day=day)}  {_MARKS.get(entry.kind, ' ')} {group}"
    yield f"{head}{entry.summary}"
    told = [
        (name, _moment(value, day=day) if isinstance(value, datetime) else str(value))
        for name, value in entry.details
    ]
    if entry.target is not None and entry.target.type in _BY_ID:
        told.append((_BY_ID[entry.target.type], entry.target.id))
    brief = ", ".join(f"{name} {value}" for name, value in told if "error" not in name)
    for line in [brief, *(f"{name}: {value}" for name, value in told if "error" in name)]:
        if line:
            yield f"{'':<{len(head)}}{line}"


def _moment(at: datetime, *, day: datetime) -> str:
    at = at.astimezone(UTC)
    clock = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    return clock if at.date() == day.astimezone(UTC).date() else f"{at:%Y-%m-%d} {clock}"


def _matches(found: Found) -> Iterator[str]:
    if found.only:
        yield "Not an event, so there is no waybill; this is known:"
    else:
        yield "Several are called so; trace one by its id or position:"
    for match in found.matches:
        at = match.at.astimezone(UTC)
        name = f"{match.position}  {match.id}" if match.position else match.id
        yield f"{at:%Y-%m-%d %H:%M:%S}  {match.type:<11}  {name}  {match.title}  ({match.by})"
    if found.is_cut:
        yield "… and more"


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )

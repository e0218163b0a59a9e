"""The waybill as plain text, aligned, for a terminal."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from events.auditing.entries import Entry
from events.auditing.waybill import Waybill

_MARKS = {
    "failed": "!",
    "dead_lettered": "x",
    "parked": "x",
    "unknown": "?",
    "waiting": ".",
    "retrying": ".",
}


def as_text(waybill: Waybill) -> str:
    """Return the waybill in lines: the event's facts, then its time line in UTC.

    Control characters in keys and errors are written as escapes: they cannot command the terminal.
    """
    return "\n".join(_printable(line) for line in _lines(waybill)) + "\n"


def _lines(waybill: Waybill) -> Iterator[str]:
    event = waybill.event
    yield f"Waybill {event.pk}"
    yield ""
    yield from _aligned(
        [
            ("type", event.type),
            ("state", str(waybill.state)),
            ("topic", event.topic),
            ("key", "(none)" if event.key is None else event.key),
            ("subject", event.subject),
            ("value", _size(waybill)),
            ("source", event.source),
            ("id", "" if event.ce_id == str(event.pk) else event.ce_id),
        ]
    )
    yield ""
    yield f"Time line ({waybill.event.accepted_at.astimezone(UTC):%Y-%m-%d}, UTC)"
    width = max((len(entry.group) for entry in waybill.timeline), default=0)
    for entry in waybill.timeline:
        yield from _entry(entry, width=width, day=event.accepted_at)
    if not waybill.is_complete:
        yield "  … more than can be shown here"


def _size(waybill: Waybill) -> str:
    if waybill.value_bytes is None:
        return "tombstone"
    digest = bytes(waybill.event.value_sha256 or b"").hex()
    return f"{waybill.value_bytes} bytes, sha256 {digest[:16]}…, {waybill.event.content_type}"


def _aligned(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, value in pairs:
        if value:
            yield f"  {name:<8} {value}"


def _entry(entry: Entry, *, width: int, day: datetime) -> Iterator[str]:
    group = f"{entry.group:<{width}}  " if width else ""
    head = f"  {_moment(entry.at, day=day)}  {_MARKS.get(entry.kind, ' ')} {group}"
    yield f"{head}{entry.summary}"
    told = [
        (name, _moment(value, day=day) if isinstance(value, datetime) else str(value))
        for name, value in entry.details
    ]
    brief = ", ".join(f"{name} {value}" for name, value in told if "error" not in name)
    for line in [brief, *(f"{name}: {value}" for name, value in told if "error" in name)]:
        if line:
            yield f"{'':<{len(head)}}{line}"


def _moment(at: datetime, *, day: datetime) -> str:
    at = at.astimezone(UTC)
    clock = f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    return clock if at.date() == day.astimezone(UTC).date() else f"{at:%Y-%m-%d} {clock}"


def _printable(text: str) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )

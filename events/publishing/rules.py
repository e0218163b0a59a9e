"""The rules every event keeps before it is stored: what breaks one would poison a later step."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from events.conf import Limits
from events.errors import EventTooLarge, FieldError

NAME_CHARACTERS = 255
SUBJECT_BYTES = 1_024
HEADER_NAME = re.compile(r"[!-~]{1,255}")  # visible ASCII
CONTENT_TYPE = re.compile(r"[!-~][ -~]{0,254}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")  # W3C, level 1
# Written by the relay from the event's own fields.
RESERVED_HEADERS = frozenset(
    {
        "content-type",
        "traceparent",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_specversion",
        "ce_time",
        "ce_subject",
        "ce_partitionkey",
        "ce_waybillid",
    }
)


def text_errors(pointer: str, text: object, *, most: int | None = None) -> Iterator[FieldError]:
    """Yield what keeps `text` out of PostgreSQL and Kafka; `most` bounds its characters."""
    if not isinstance(text, str):
        yield FieldError(pointer=pointer, detail="must be text")
    elif "\0" in text:
        yield FieldError(pointer=pointer, detail="must not contain a NUL character")
    elif not _is_unicode(text):
        yield FieldError(pointer=pointer, detail="must not contain a lone surrogate")
    elif most is not None and len(text) > most:
        yield FieldError(pointer=pointer, detail=f"must have at most {most} characters")


def key_errors(key: object, *, limits: Limits) -> Iterator[FieldError]:
    """Yield what is wrong with a key; raises EventTooLarge."""
    if key is None:
        return
    yield from text_errors("/key", key)
    if isinstance(key, str):
        _bounded("key_bytes", limits.key_bytes, _size(key))


def subject_errors(subject: object) -> Iterator[FieldError]:
    """Yield what is wrong with a subject."""
    yield from text_errors("/subject", subject)
    if isinstance(subject, str) and _size(subject) > SUBJECT_BYTES:
        yield FieldError(pointer="/subject", detail=f"must have at most {SUBJECT_BYTES} bytes")


def content_type_errors(content_type: object) -> Iterator[FieldError]:
    """Yield what is wrong with a content type."""
    if not isinstance(content_type, str) or not CONTENT_TYPE.fullmatch(content_type):
        detail = f"must be 1 to {NAME_CHARACTERS} printable ASCII characters"
        yield FieldError(pointer="/content_type", detail=detail)


def traceparent_errors(traceparent: object) -> Iterator[FieldError]:
    """Yield what is wrong with a W3C traceparent."""
    if not isinstance(traceparent, str) or not TRACEPARENT.fullmatch(traceparent):
        detail = "must be a W3C traceparent: 00-<32 hex digits>-<16>-<2>"
        yield FieldError(pointer="/traceparent", detail=detail)


def header_errors(headers: Any, *, limits: Limits) -> Iterator[FieldError]:
    """Yield what is wrong with the event's own headers; raises EventTooLarge."""
    _bounded("headers", limits.headers, len(headers))
    total = 0
    for index, pair in enumerate(headers):
        pointer = f"/headers/{index}"
        if not isinstance(pair, tuple | list) or len(pair) != 2:  # noqa: PLR2004 - a pair
            yield FieldError(pointer=pointer, detail="must be a pair of name and value")
            continue
        name, value = pair
        yield from _name_errors(f"{pointer}/0", name)
        yield from text_errors(f"{pointer}/1", value)
        total += sum(_size(part) for part in pair if isinstance(part, str))
    _bounded("headers_bytes", limits.headers_bytes, total)


def time_errors(pointer: str, moment: object) -> Iterator[FieldError]:
    """Yield what is wrong with a point in time; None means none."""
    if moment is None:
        return
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        yield FieldError(pointer=pointer, detail="must be a time with its zone")
        return
    try:
        moment.astimezone(UTC)
    except OverflowError:
        yield FieldError(pointer=pointer, detail="must lie in the years 1 to 9999, in UTC")


def value_within(value: bytes, *, limits: Limits) -> bytes:
    """Return the value; raises EventTooLarge."""
    _bounded("event_bytes", limits.event_bytes, len(value))
    return value


def _name_errors(pointer: str, name: object) -> Iterator[FieldError]:
    if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
        detail = f"must be 1 to {NAME_CHARACTERS} visible ASCII characters"
        yield FieldError(pointer=pointer, detail=detail)
    elif name.lower() in RESERVED_HEADERS:
        yield FieldError(pointer=pointer, detail=f"{name!r} is written by Waybill itself")


def _bounded(limit: str, allowed: int, actual: int) -> None:
    if actual > allowed:
        raise EventTooLarge(limit=limit, allowed=allowed, actual=actual)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

"""Letter record: a fetched message in the form in which a dead letter keeps it, and back."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime

from events.consuming.failure import storable
from events.event import Headers
from events.kafka.record import Record
from events.models import DeadLetter


def record_of(letter: DeadLetter) -> Record:
    """Return the message as its consumer fetched it."""
    at = letter.recorded_at
    return Record(
        letter.topic,
        letter.partition,
        letter.offset,
        _bytes(letter.key),
        _bytes(letter.value),
        headers_of(letter.headers),
        None if at is None else round(at.timestamp() * 1000),
    )


def headers_of(stored: Sequence[Sequence[str | None]]) -> Headers:
    """Return headers from the form in which a letter keeps them."""
    return tuple((str(name), _decoded(value)) for name, value in stored)


def stored_headers(headers: Headers) -> list[list[str | None]]:
    """Return headers in the form in which a letter keeps them; names as text that it can."""
    return [
        [storable(name), None if value is None else base64.b64encode(value).decode()]
        for name, value in headers
    ]


def recorded_at(record: Record) -> datetime | None:
    """Return the record's own time; None where a producer wrote a number that is no time."""
    try:
        at_ms = record.timestamp_ms
        return None if at_ms is None else datetime.fromtimestamp(at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _bytes(stored: bytes | memoryview | None) -> bytes | None:
    return None if stored is None else bytes(stored)


def _decoded(value: str | None) -> bytes | None:
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        return value.encode()

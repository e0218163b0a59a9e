"""Cursors: where the next page of a list begins, opaque, and of no use for another list."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER_BYTES, _ID_BYTES, _SEAL_BYTES = 8, 16, 12
_SALT = "events.api.cursor"


def cursor_text(place: tuple[datetime, UUID], *, query: str) -> str:
    """Return the cursor for what comes behind the time and id in the answer to `query`."""
    microseconds = (place[0] - _EPOCH) // _MICROSECOND
    content = microseconds.to_bytes(_NUMBER_BYTES, signed=True) + place[1].bytes
    return _sealed(content, query)


def cursor_place(text: str, *, query: str) -> tuple[datetime, UUID]:
    """Return the time and id; raises ValueError unless we made the cursor for this query."""
    content = _unsealed(text, query, size=_NUMBER_BYTES + _ID_BYTES)
    microseconds = int.from_bytes(content[:_NUMBER_BYTES], signed=True)
    return _EPOCH + microseconds * _MICROSECOND, UUID(bytes=content[_NUMBER_BYTES:])


def number_text(number: int, *, query: str) -> str:
    """Return the cursor for what comes behind the row of this number in the answer to `query`."""
    return _sealed(number.to_bytes(_NUMBER_BYTES, signed=True), query)


def number_place(text: str, *, query: str) -> int:
    """Return the number; raises ValueError unless we made the cursor for this query."""
    return int.from_bytes(_unsealed(text, query, size=_NUMBER_BYTES), signed=True)


def _sealed(content: bytes, query: str) -> str:
    return urlsafe_b64encode(content + _seal(content, query)).decode().rstrip("=")


def _unsealed(text: str, query: str, *, size: int) -> bytes:
    characters = -(-(size + _SEAL_BYTES) * 4 // 3)
    if len(text) != characters or not text.isascii():
        raise ValueError("is no cursor")
    try:
        whole = urlsafe_b64decode(text + "=" * (-characters % 4))
    except binascii.Error:
        raise ValueError("is no cursor") from None
    content, seal = whole[:size], whole[size:]
    if not constant_time_compare(seal, _seal(content, query)):
        raise ValueError("is no cursor of this query: begin anew without it")
    return content


def _seal(content: bytes, query: str) -> bytes:
    sealed = content + query.encode()
    return salted_hmac(_SALT, sealed, algorithm="sha256").digest()[:_SEAL_BYTES]

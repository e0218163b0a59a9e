"""Cursors: where the next page of a list begins, opaque, and of no use for another list."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

from events.auditing.event_list import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME_BYTES, _ID_BYTES, _SEAL_BYTES = 8, 16, 12
_TEXT_CHARACTERS = 48  # of the bytes above in base64: no padding is left over
_SALT = "events.api.cursor"


def cursor_text(place: Place, *, query: str) -> str:
    """Return the cursor for what comes behind `place` in the answer to `query`."""
    microseconds = (place.accepted_at - _EPOCH) // _MICROSECOND
    content = microseconds.to_bytes(_TIME_BYTES, signed=True) + place.id.bytes
    return urlsafe_b64encode(content + _seal(content, query)).decode()


def cursor_place(text: str, *, query: str) -> Place:
    """Return the place; raises ValueError unless we made the cursor for this query."""
    if len(text) != _TEXT_CHARACTERS or not text.isascii():
        raise ValueError("is no cursor")
    try:
        whole = urlsafe_b64decode(text)
    except binascii.Error:
        raise ValueError("is no cursor") from None
    content, seal = whole[: _TIME_BYTES + _ID_BYTES], whole[_TIME_BYTES + _ID_BYTES :]
    if not constant_time_compare(seal, _seal(content, query)):
        raise ValueError("is no cursor of this query: begin anew without it")
    microseconds = int.from_bytes(content[:_TIME_BYTES], signed=True)
    accepted_at = _EPOCH + microseconds * _MICROSECOND
    return Place(accepted_at, UUID(bytes=content[_TIME_BYTES:]))


def _seal(content: bytes, query: str) -> bytes:
    sealed = content + query.encode()
    return salted_hmac(_SALT, sealed, algorithm="sha256").digest()[:_SEAL_BYTES]

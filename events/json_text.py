"""JSON as text: records as they are answered, times in UTC with microseconds, decimals as text."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import orjson

# orjson leaves the microseconds out where they are zero: times are written here instead.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


def to_json(document: object) -> bytes:
    """Return the document as JSON in UTF-8.

    Raises TypeError for what has no agreed form: naive times, sets, models.
    """
    return orjson.dumps(document, default=_plain, option=_OPTIONS)


@lru_cache(maxsize=256)  # the events of a batch share their times
def rfc3339(moment: datetime) -> str:
    """Return a moment in UTC, `2026-01-31T12:00:00.000000Z`; raises TypeError without a zone."""
    if moment.utcoffset() is None:
        raise TypeError("a time without its zone has no RFC 3339 form")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")

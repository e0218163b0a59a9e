"""The value: the exact bytes that go to Kafka, rendered from data or given as they are."""

import json
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from events.errors import EventInvalid, FieldError


def rendered(data: Any) -> bytes:
    """Return `data` as compact JSON in UTF-8.

    Numbers stay as they are, whatever their length; Decimal and UUID become strings, times RFC
    3339. Raises EventInvalid for what JSON cannot carry: NaN, infinity, lone surrogates, unknown
    objects.
    """
    try:
        # The standard library's encoder: the faster ones turn NaN into null without a word.
        text = json.dumps(
            data, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain
        )
        return text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        detail = f"cannot be written as JSON: {error}"
        raise EventInvalid([FieldError(pointer="/data", detail=detail)]) from error


def _plain(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")

"""Rows of failed messages as consumers leave them, for tests of what operators do."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from events.models import ClosedKey, Consumption, DeadLetter

TYPE = "thing.happened"
SEEN = datetime(2026, 3, 1, 12, 0, 0, 123_000, tzinfo=UTC)


def headers(*pairs: tuple[str, str], type_name: str = TYPE) -> list[list[str]]:
    """Return headers as a letter keeps them; an event's type is always among them."""
    all_of_them = (("ce_type", type_name), *pairs)
    return [[name, base64.b64encode(value.encode()).decode()] for name, value in all_of_them]


def a_letter(group: str, offset: int = 0, **fields: Any) -> DeadLetter:
    row = {
        "group": group,
        "topic": group,
        "partition": 0,
        "offset": offset,
        "key": b"k",
        "value": b'{"n": %d}' % offset,
        "headers": headers(),
        "recorded_at": SEEN,
        "source": f"kafka:{group}",
        "ce_id": f"0:{offset}",
        "type": TYPE,
        "dedupe_key": f"thing:{offset}",
        "handler": "tests.handle",
        "attempts": 3,
        "exception": "shop.NoStock",
        "error": "no stock",
        "traceback": "Traceback: NoStock",
        "created_at": timezone.now() - timedelta(minutes=1),
        "changed_at": SEEN,
        **fields,
    }
    return DeadLetter.objects.create(**row)


def a_held_letter(group: str, offset: int, **fields: Any) -> DeadLetter:
    held = {"state": "held", "attempts": 0, "exception": "", "error": "", "traceback": ""}
    return a_letter(group, offset, **{**held, **fields})


def a_closed_key(group: str, *, head: DeadLetter | None = None, **fields: Any) -> ClosedKey:
    row = {
        "group": group,
        "topic": group,
        "key": b"k",
        "cause": "quarantined",
        "by": "consumer",
        "reason": "no stock",
        "closed_at": SEEN,
        "head": head,
        **fields,
    }
    return ClosedKey.objects.create(**row)


def a_ledger_row(letter: DeadLetter, outcome: str, **fields: Any) -> Consumption:
    names = ("group", "dedupe_key", "source", "ce_id", "topic", "partition", "offset", "handler")
    row = {name: getattr(letter, name) for name in names}
    return Consumption.objects.create(
        **{**row, "outcome": outcome, "attempts": 3, "first_at": SEEN, **fields}
    )

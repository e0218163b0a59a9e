"""Data becomes exact bytes, or the caller learns why not."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from events.errors import EventInvalid
from events.publishing.value import rendered


def test_data_becomes_compact_utf8_json() -> None:
    assert rendered({"name": "Zoë", "n": [1, 2.5, None, True]}) == (
        '{"name":"Zoë","n":[1,2.5,null,true]}'.encode()
    )


def test_long_integers_keep_every_digit() -> None:
    assert rendered(10**30 + 1) == b"1" + b"0" * 29 + b"1"


def test_amounts_ids_and_times_become_strings() -> None:
    data = {
        "amount": Decimal("19.90"),
        "id": UUID(int=7),
        "at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }
    assert json.loads(rendered(data)) == {
        "amount": "19.90",
        "id": "00000000-0000-0000-0000-000000000007",
        "at": "2026-01-02T03:04:05+00:00",
    }


def nested(depth: int) -> list[object]:
    data: list[object] = []
    for _ in range(depth):
        data = [data]
    return data


@pytest.mark.parametrize(
    "data",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        "\ud800",
        {"key": object()},
        {(1, 2): "tuple"},
        b"bytes",
        nested(200_000),
    ],
    ids=["nan", "infinity", "decimal-nan", "surrogate", "object", "tuple-key", "bytes", "deep"],
)
def test_what_json_cannot_carry_is_refused(data: object) -> None:
    with pytest.raises(EventInvalid) as refusal:
        rendered(data)
    assert refusal.value.errors[0].pointer == "/data"

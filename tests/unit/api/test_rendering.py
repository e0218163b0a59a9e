"""How answers are written."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from events.api.rendering import OrjsonRenderer
from events.json_text import rfc3339, to_json


def test_times_are_utc_with_microseconds_even_where_they_are_zero() -> None:
    assert rfc3339(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000000Z"
    there = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 1, 31, 12, 0, 0, 120_000, tzinfo=there)
    assert to_json({"at": moment}) == b'{"at":"2026-01-31T06:30:00.120000Z"}'


def test_a_time_without_its_zone_is_never_guessed() -> None:
    with pytest.raises(TypeError):
        to_json(datetime(2026, 1, 31))  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("12.50"), b'"12.50"'),
        (Decimal("1E+3"), b'"1000"'),
        (uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        ("é\u2028", '"é\u2028"'.encode()),
    ],
)
def test_exact_values_are_written_as_text(value: object, written: bytes) -> None:
    assert to_json(value) == written


@pytest.mark.parametrize("value", [Decimal("NaN"), {1, 2}, object()])
def test_what_has_no_agreed_form_is_an_error(value: object) -> None:
    with pytest.raises(TypeError):
        to_json(value)


def test_an_answer_without_content_has_no_body() -> None:
    assert OrjsonRenderer().render(None) == b""

"""How the relay writes times into records."""

import pytest

from events.publishing.records import time_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02 03:04:05.000006+00", "2026-01-02T03:04:05.000006Z"),
        ("2026-01-02 03:04:05.5+00", "2026-01-02T03:04:05.500000Z"),
        ("2026-01-02 03:04:05+00", "2026-01-02T03:04:05.000000Z"),
        ("0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_times_have_microseconds_and_a_zone(text: str, expected: str) -> None:
    assert time_of(text) == expected

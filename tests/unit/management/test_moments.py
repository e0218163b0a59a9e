"""Moments as operators write them."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime, timedelta

import pytest

from events.management.moments import moment, moment_or_duration


def test_a_time_without_a_zone_is_of_the_settings_zone() -> None:
    assert moment("2026-03-01T12:00:00Z") == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert moment("2026-03-01 12:00").tzinfo is not None


def test_a_duration_is_kept_as_such() -> None:
    assert moment_or_duration("2h") == timedelta(hours=2)
    assert moment_or_duration("2026-03-01T12:00:00Z") == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["soon", "2026-02-31T00:00:00Z", ""])
def test_what_is_neither_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is no time; write 2026-03-01T12:00:00Z"):
        moment(text)
    with pytest.raises(ArgumentTypeError, match="or how long from now: 15m, 2h, 1d"):
        moment_or_duration(text)

"""Durations and rates, as people write them in settings and on the command line."""

import pytest

from events.duration import duration
from events.rate import Rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1), ("15m", 900), ("36h", 129_600), ("90d", 7_776_000), ("2w", 1_209_600)],
)
def test_a_duration_is_a_number_with_its_unit(text: str, seconds: int) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text",
    ["", "d", "90", "0d", "-1d", "1.5h", " 1d", "1d\n", "1y", "90D", "\u0661d", "999999999w"],
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=text.strip() or "''"):
        duration(text)


def test_a_rate_is_a_number_in_a_duration() -> None:
    assert Rate.of("600/1m") == Rate(units=600, window_s=60)


@pytest.mark.parametrize("text", ["", "600", "0/1m", "600/m", "600/0s", "-1/1m", "6e2/1m", "600/"])
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match=r"no|not"):
        Rate.of(text)

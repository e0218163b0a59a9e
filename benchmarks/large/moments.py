"""Moments: microseconds since 1970 as PostgreSQL reads them, fast for those close together."""

from collections.abc import Callable
from datetime import UTC, datetime

_MINUTE_US = 60_000_000
_KEPT = 64  # minutes; what happens to an event happens within few of them


def moments() -> Callable[[int], str]:
    """Return a function that writes a moment in UTC."""
    minutes: dict[int, str] = {}

    def written(at_us: int) -> str:
        minute, rest = divmod(at_us, _MINUTE_US)
        text = minutes.get(minute)
        if text is None:
            if len(minutes) > _KEPT:
                minutes.clear()
            text = f"{datetime.fromtimestamp(minute * 60, UTC):%Y-%m-%d %H:%M:}"
            minutes[minute] = text
        return f"{text}{rest / 1e6:09.6f}+00"

    return written

"""Durations as people write them: `90d`, `15m`."""

import re
from datetime import timedelta

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WRITTEN = re.compile(r"([1-9][0-9]{0,8})([smhdw])")
_LONGEST_S = 100 * 366 * 86_400


def duration(text: str) -> timedelta:
    """Return what `text` says: a whole number and s, m, h, d or w; raises ValueError.

    The longest is a hundred years.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError(f"{text!r} is not a number with s, m, h, d or w behind it, like 90d")
    seconds = int(written[1]) * UNITS[written[2]]
    if seconds > _LONGEST_S:
        raise ValueError(f"{text!r} is more than a hundred years")
    return timedelta(seconds=seconds)

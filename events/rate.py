"""Rates: how much a caller may do in a while, as settings write them: `600/1m`."""

import re
from dataclasses import dataclass
from typing import Self

from events.duration import duration

_WRITTEN = re.compile(r"([1-9][0-9]{0,11})/([0-9]+[smhdw])")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """`units` in `window_s` seconds; all of them may come at once, then they come back evenly."""

    units: int
    window_s: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the rate that `text` (`600/1m`) says; raises ValueError."""
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text!r} is no rate like 600/1m")
        window = duration(written[2])
        return cls(units=int(written[1]), window_s=int(window.total_seconds()))

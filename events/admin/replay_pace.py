"""Pace: how fast a replay moves and how long it will take, from one look at it to the next."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from django.http import HttpRequest

from events.models import Replay

_MOST = 1e15  # whatever is more was not told by a page of ours
_NEWEST = 0.5  # what the newest measure weighs beside those before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What was seen of a replay: the page hands it to its next look, so nothing is stored."""

    at: float  # when the position was saved, in seconds since 1970
    passed: float
    per_s: float

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        """Return the look before this one, if the page was looked at before."""
        try:
            at, passed, per_s = (float(request.GET[name]) for name in ("at", "passed", "per_s"))
        except (KeyError, ValueError):
            return None
        is_sound = abs(at) < _MOST and 0 <= passed < _MOST and 0 <= per_s < _MOST
        return cls(at=at, passed=passed, per_s=per_s) if is_sound else None

    @property
    def query(self) -> str:
        """Return it as the query of the next look."""
        return urlencode({"at": self.at, "passed": self.passed, "per_s": self.per_s})


def look(replay: Replay, *, passed: int, before: Look | None) -> Look | None:
    """Measure how many offsets a second are passed; None while nothing has been saved.

    Without a look before it, it is the average since the replay started.
    """
    if replay.progress_at is None or replay.started_at is None:
        return None
    at = replay.progress_at.timestamp()
    if before is None:
        average = _rate(passed, at - replay.started_at.timestamp())
        return Look(at=at, passed=passed, per_s=average)
    if at <= before.at or passed < before.passed:
        return before
    fresh = _rate(passed - before.passed, at - before.at)
    per_s = _NEWEST * fresh + (1 - _NEWEST) * before.per_s if before.per_s else fresh
    return Look(at=at, passed=passed, per_s=per_s)


def _rate(count: float, duration_s: float) -> float:
    return count / duration_s if duration_s > 0 else 0.0

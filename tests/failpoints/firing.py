"""Firing: what a failpoint does when it is reached, and the file that proves it.

`FAILPOINTS="c.marked=kill@3x5:/tmp/marker"` kills at the third time the point is reached, five
times in all over the lives of the process. `@3-40` picks a number anew for each life, by `SEED`.
`wait` stands still until the marker's `.released` file is there, `note` only writes the marker,
`count` writes to it from the chosen time on each time. Several are separated by `;`.
"""

import os
import random
import re
import signal
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.checker import durable_lines

_SPEC = re.compile(
    r"(?P<point>[a-z_.]+)=(?P<action>kill|raise|wait|note|count)@(?P<first>\d+)(?:-(?P<last>\d+))?"
    r"(?:x(?P<times>\d+))?:(?P<marker>.+)"
)
_TICK_S = 0.02


class FailpointReached(Exception):
    """What a failpoint with the action `raise` raises."""


@dataclass(kw_only=True, slots=True)
class Failpoint:
    """One point with its action; at most `times` lives of the process meet it."""

    point: str
    action: str
    marker: Path
    first: int
    last: int
    times: int
    _pid: int = 0
    _nth: int | None = None
    _hits: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self) -> bool:
        """Count; at the chosen time write the marker, act, and return True."""
        with self._lock:
            if self._pid != os.getpid():
                self._begin_life()
            self._hits += 1
            if not self._is_time():
                return False
            line = {"point": self.point, "pid": os.getpid(), "hit": self._hits}
            durable_lines.append(self.marker, [{**line, "clock": time.time()}])
        self._act()
        return True

    def _is_time(self) -> bool:
        if self.action == "count":
            return self._hits >= self.first
        return self._hits == self._nth

    def _begin_life(self) -> None:
        fired = len(durable_lines.read(self.marker))
        chance = random.Random(f"{os.environ.get('SEED')} {self.point} {fired}")  # noqa: S311
        self._nth = chance.randint(self.first, self.last) if fired < self.times else None
        self._pid = os.getpid()
        self._hits = 0

    def _act(self) -> None:
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.action == "raise":
            raise FailpointReached(self.point)
        elif self.action == "wait":
            released = self.marker.with_suffix(".released")
            while not released.exists():
                threading.Event().wait(_TICK_S)


@cache
def armed() -> tuple[Failpoint, ...]:
    """Return the failpoints of this process."""
    return tuple(_failpoint(each) for each in os.environ.get("FAILPOINTS", "").split(";") if each)


def reached(point: str) -> None:
    """Say from inside the tests' handler that this point is reached."""
    for failpoint in armed():
        if failpoint.point == point:
            failpoint.reached()


def _failpoint(spec: str) -> Failpoint:
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise ValueError(f"FAILPOINTS: {spec!r} is not POINT=ACTION@NTH[-LAST][xTIMES]:MARKER")
    return Failpoint(
        point=match["point"],
        action=match["action"],
        marker=Path(match["marker"]),
        first=int(match["first"]),
        last=int(match["last"] or match["first"]),
        times=int(match["times"] or 1),
    )

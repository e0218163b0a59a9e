"""Gauge: one figure, read again and again in its own thread, so that no table waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from local.demo.failure import UNREACHABLE
from local.errors import LocalError

T = TypeVar("T")

_DEADLINE_S = 3.0
# A figure that got dear, in a large database for example, is read less often.
_SHARE_OF_TIME = 0.05
_LONGEST_PAUSE_S = 10.0
_END_WITHIN_S = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading(Generic[T]):
    """What a gauge read last. Without `is_fresh` nobody knows whether it is still so."""

    value: T | None
    silent_s: float
    is_fresh: bool


class Gauge(Generic[T]):
    """Calls `read` every `every_s` seconds. A read that fails, or is not back within
    `deadline_s`, makes the reading stale; one that hangs holds up nobody but itself."""

    def __init__(
        self, read: Callable[[], T], *, every_s: float = 1.0, deadline_s: float = _DEADLINE_S
    ) -> None:
        self._read = read
        self._every_s = self._pause_s = every_s
        self._deadline_s = deadline_s
        self._began = time.monotonic()
        self._good: tuple[T, float] | None = None
        self._failed = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(self._stop,), daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> bool:
        """Read no more. False when a read that hangs was left behind."""
        self._stop.set()
        self._thread.join(_END_WITHIN_S)
        return not self._thread.is_alive()

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop."""
        while not stop.wait(self._pause_s if self._good or self._failed else 0.0):
            self.run_once()

    def run_once(self) -> None:
        """Read once."""
        began = time.monotonic()
        try:
            value = self._read()
        except (LocalError, *UNREACHABLE):
            self._failed, self._pause_s = True, self._every_s
        else:
            now = time.monotonic()
            dear_s = min((now - began) / _SHARE_OF_TIME, _LONGEST_PAUSE_S)
            self._good, self._failed = (value, now), False
            self._pause_s = max(self._every_s, dear_s)

    def reading(self) -> Reading[T]:
        """The last value and how old it is; at once, whatever `read` is doing."""
        value, at = self._good or (None, self._began)
        silent_s = time.monotonic() - at
        is_late = silent_s > self._pause_s + self._deadline_s
        return Reading(
            value=value,
            silent_s=silent_s,
            is_fresh=value is not None and not self._failed and not is_late,
        )

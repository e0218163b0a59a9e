"""Crashes: what the test asked for and did not get yet."""

import threading
from collections import Counter


class Crashes:
    """Which step shall be met by how many lives. Shared by all lives of a test."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted: Counter[str] = Counter()

    def want(self, step: str, *, times: int) -> None:
        """Have so many lives end at this step."""
        with self._lock:
            self._wanted[step] += times

    def take(self, step: str) -> bool:
        """Whether a life that reached this step ends there; it is counted."""
        with self._lock:
            if not self._wanted[step]:
                return False
            self._wanted[step] -= 1
            return True

    def pending(self) -> list[str]:
        """Return the steps that are still to be met."""
        with self._lock:
            return [step for step, times in self._wanted.items() if times]

    def forget(self) -> None:
        """Let everybody live."""
        with self._lock:
            self._wanted.clear()

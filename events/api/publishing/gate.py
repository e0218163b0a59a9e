"""The gate: while the backlog is too old nothing more is accepted."""

import threading
import time
from collections.abc import Callable

from events.api import problem_kinds as kinds
from events.api.problems import Problem

CHECK_EVERY_S = 1.0
RETRY_AFTER_S = 5


class Gate:
    """Knows of one process whether the oldest event that waits for Kafka is older than a limit."""

    def __init__(
        self,
        age_s: Callable[[], float | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._age_s = age_s
        self._clock = clock
        self._lock = threading.Lock()
        self._check_at = float("-inf")
        self._oldest_s = 0.0

    def refuse_if_behind(self, *, limit_s: float) -> None:
        """Raise Problem 503 while the backlog is older than the limit.

        The age is asked for at most once a second, by one request; the others go by what it was.
        """
        if self._is_time_to_check():
            self._oldest_s = self._age_s() or 0.0
        if self._oldest_s > limit_s:
            raise Problem(
                kinds.BACKLOG,
                f"What was accepted {limit_s:g} s ago and more does not reach Kafka; "
                f"try again in {RETRY_AFTER_S} s.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )

    def _is_time_to_check(self) -> bool:
        now = self._clock()
        if now < self._check_at:
            return False
        with self._lock:
            if now < self._check_at:
                return False
            self._check_at = now + CHECK_EVERY_S
            return True

"""The lookout: when the relay looks into the outbox next."""

import time
from collections.abc import Callable

from events.publishing.wakeup import QUIET_S

# Publishers leave out calls within QUIET_S of the last one: look again when that time is over.
AGAIN_S = QUIET_S + 0.002
# Looks that find little may take a fifth of the time; one that was slow because PostgreSQL stood
# still for a while is no reason to rest long.
REST_FACTOR = 4.0
MOST_REST_S = 3.0
# When the window is full, look for entries of other topics no more often than this.
SATURATED_S = 1.0


class Lookout:
    """Looks at once when woken, once more shortly after, and every poll interval in any case."""

    def __init__(
        self, *, poll_interval_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._poll_interval_s = poll_interval_s
        self._clock = clock
        self._due_at = self._not_before = self._looked_at = float("-inf")
        self._look_again = False
        self._is_more = False
        self._took_s = 0.0

    def wake(self) -> None:
        """Look as soon as allowed, and again when calls may have been left out."""
        self._due_at = min(self._due_at, self._clock())
        self._look_again = True

    def wait_s(self, *, is_saturated: bool) -> float:
        """Return the time until the next look, in seconds; 0 if it is due.

        A saturated window takes entries again when Kafka has confirmed some: until then a look
        would read past a long queue to find little.
        """
        due_at = max(self._due_at, self._not_before)
        if is_saturated and self._is_more:
            due_at = max(due_at, self._looked_at + SATURATED_S)
        return max(0.0, due_at - self._clock())

    def looked(self, *, took_s: float | None, found: int, limit: int, is_more: bool) -> None:
        """Note a look's result and plan the next one; `took_s` None: about as long as the last."""
        now = self._looked_at = self._clock()
        self._is_more = is_more
        self._took_s = self._took_s if took_s is None else took_s
        is_rich = is_more or found * 2 >= limit
        rest_s = 0.0 if is_rich else min(self._took_s * REST_FACTOR, MOST_REST_S)
        self._not_before = now + rest_s
        if self._is_more:
            self._due_at = now
        elif found or self._look_again:
            self._due_at = now + AGAIN_S
        else:
            self._due_at = now + self._poll_interval_s
        self._look_again = False

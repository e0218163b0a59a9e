"""Rates: how many messages of a subscription may be handled now, by what the group may do."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from events.consuming.subscriptions import Subscription
from events.rate import Rate

BURST_S = 1.0  # what was not used is kept for so long
STEP_S = 0.05  # the shortest wait: a partition stands still meanwhile


class Allowance(Protocol):
    """What says how many messages may be handled now."""

    def take(self, subscription: Subscription, *, wanted: int) -> int:
        """Return for how many of `wanted` messages a handler may be called now, and count them."""

    def give_back(self, subscription: Subscription, *, unused: int) -> None:
        """Count no longer what was taken for messages whose handler was not called."""

    def wait_s(self, subscription: Subscription) -> float:
        """Return in how many seconds the next message may be handled."""


@dataclass(kw_only=True, slots=True)
class Bucket:
    """A token bucket that holds what comes in `BURST_S`, and one at the beginning."""

    per_s: float
    filled_at: float
    tokens: float = 1.0

    def fill(self, now: float) -> None:
        """Add what came in since the last time."""
        most = max(1.0, self.per_s * BURST_S)
        self.tokens = min(most, self.tokens + (now - self.filled_at) * self.per_s)
        self.filled_at = now

    def take(self, wanted: int) -> int:
        """Take as many as there are, at most `wanted`."""
        taken = min(wanted, int(self.tokens))
        self.tokens -= taken
        return taken

    @property
    def wait_s(self) -> float:
        """Return in how many seconds there is one."""
        return max(STEP_S, (1.0 - self.tokens) / self.per_s)


@dataclass(kw_only=True, slots=True)
class Rates:
    """Token buckets, one for each subscription that has a rate. One thread.

    A rate counts for the whole group: each process takes the part of it that its partitions are
    of the topic (`shares`, topic to 0..1).
    """

    shares: Callable[[], Mapping[str, float]]
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, str], Bucket] = field(default_factory=dict)

    def take(self, subscription: Subscription, *, wanted: int) -> int:
        """Return for how many of `wanted` messages a handler may be called now, and count them."""
        if subscription.rate is None:
            return wanted
        return self._filled(subscription).take(wanted)

    def give_back(self, subscription: Subscription, *, unused: int) -> None:
        """Count no longer what was taken for messages whose handler was not called."""
        if subscription.rate is not None:
            self._filled(subscription).tokens += unused

    def wait_s(self, subscription: Subscription) -> float:
        """Return in how many seconds the next message may be handled."""
        if subscription.rate is None:
            return 0.0
        return self._filled(subscription).wait_s

    def _filled(self, subscription: Subscription) -> Bucket:
        rate = Rate.of(subscription.rate or "")
        # Nothing of the topic may be ours while partitions change hands: then as if all were.
        share = self.shares().get(subscription.topic, 1.0) or 1.0
        per_s = rate.units / rate.window_s * share
        now = self.clock()
        key = (subscription.topic, subscription.type)
        bucket = self._buckets.setdefault(key, Bucket(per_s=per_s, filled_at=now))
        bucket.per_s = per_s
        bucket.fill(now)
        return bucket

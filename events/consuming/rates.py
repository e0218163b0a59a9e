"""Rates: how many messages of a subscription may be handled now, by what the group may do."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from events.consuming.subscriptions import Subscription
from events.rate import Rate

_BURST_S = 1.0  # what was not used is kept for so long
_STEP_S = 0.05  # the shortest wait: a partition stands still meanwhile


@dataclass(kw_only=True, slots=True)
class _Bucket:
    per_s: float
    tokens: float
    filled_at: float


@dataclass(kw_only=True, slots=True)
class Rates:
    """Token buckets, one for each subscription that has a rate. One thread.

    A rate counts for the whole group: each process takes the part of it that its partitions are
    of the topic (`shares`, topic to 0..1).
    """

    shares: Callable[[], Mapping[str, float]]
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[tuple[str, str], _Bucket] = field(default_factory=dict)

    def take(self, subscription: Subscription, *, wanted: int) -> int:
        """Return for how many of `wanted` messages a handler may be called now, and count them."""
        if subscription.rate is None:
            return wanted
        bucket = self._filled(subscription)
        taken = min(wanted, int(bucket.tokens))
        bucket.tokens -= taken
        return taken

    def give_back(self, subscription: Subscription, *, unused: int) -> None:
        """Count no longer what was taken for messages whose handler was not called."""
        if subscription.rate is not None:
            self._filled(subscription).tokens += unused

    def wait_s(self, subscription: Subscription) -> float:
        """Return in how many seconds the next message may be handled."""
        if subscription.rate is None:
            return 0.0
        bucket = self._filled(subscription)
        return max(_STEP_S, (1.0 - bucket.tokens) / bucket.per_s)

    def _filled(self, subscription: Subscription) -> _Bucket:
        rate = Rate.of(subscription.rate or "")
        # Nothing of the topic may be ours while partitions change hands: then as if all were.
        share = self.shares().get(subscription.topic, 1.0) or 1.0
        per_s = rate.units / rate.window_s * share
        most = max(1.0, per_s * _BURST_S)
        now = self.clock()
        key = (subscription.topic, subscription.type)
        bucket = self._buckets.setdefault(key, _Bucket(per_s=per_s, tokens=1.0, filled_at=now))
        bucket.tokens = min(most, bucket.tokens + (now - bucket.filled_at) * per_s)
        bucket.filled_at, bucket.per_s = now, per_s
        return bucket

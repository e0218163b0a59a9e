"""A replay's rates: it shares none with the living group."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from events.consuming.rates import Bucket, Rates
from events.consuming.subscriptions import Subscription


@dataclass(kw_only=True, slots=True)
class ReplayRates:
    """At most `rate` messages a second are given to handlers (None: no bound).

    Beside it each subscription's own rate counts for the replay alone. One thread.
    """

    rate: float | None
    clock: Callable[[], float] = time.monotonic
    _own: Rates = field(init=False)
    _bucket: Bucket | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._own = Rates(shares=dict, clock=self.clock)
        if self.rate is not None:
            self._bucket = Bucket(per_s=self.rate, filled_at=self.clock())

    def take(self, subscription: Subscription, *, wanted: int) -> int:
        """Return for how many of `wanted` messages a handler may be called now, and count them."""
        if self._bucket is not None:
            self._bucket.fill(self.clock())
            wanted = self._bucket.take(wanted)
        taken = self._own.take(subscription, wanted=wanted)
        if self._bucket is not None:
            self._bucket.tokens += wanted - taken
        return taken

    def give_back(self, subscription: Subscription, *, unused: int) -> None:
        """Count no longer what was taken for messages whose handler was not called."""
        self._own.give_back(subscription, unused=unused)
        if self._bucket is not None:
            self._bucket.tokens += unused

    def wait_s(self, subscription: Subscription) -> float:
        """Return in how many seconds the next message may be handled."""
        own = self._own.wait_s(subscription)
        return own if self._bucket is None else max(own, self._bucket.wait_s)

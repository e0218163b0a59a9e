"""Allowances: units taken ahead for busy callers, so that few of their requests ask Redis."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from events.api.quotas import Quotas, Taken
from events.rate import Rate

AHEAD_S = 0.2  # what was taken ahead and not used by then is given up
SHARE = 200  # at most this part of all units is ahead in one process: small rates are exact
MOST_CALLERS = 10_000


@dataclass(kw_only=True, slots=True)
class _Stock:
    """What is left of `size` units taken ahead; `told` is what Redis said when it gave them."""

    told: Taken
    size: int
    left: int
    until: float


class Allowances:
    """The quotas of this process: nobody gets more, and the busy seldom wait for Redis.

    The first request of a caller asks; the busier the caller, the more is taken along for the
    requests that follow within AHEAD_S.
    """

    def __init__(self, quotas: Quotas, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._quotas = quotas
        self._clock = clock
        self._lock = threading.Lock()
        self._stocks: dict[str, _Stock] = {}

    def take(self, key: str, *, units: int, rate: Rate) -> Taken | None:
        """As Quotas.take(); a round trip only if nothing is in stock."""
        with self._lock:
            stock = self._stocks.get(key)
            if stock is not None and stock.left >= units and self._clock() < stock.until:
                stock.left -= units
                return replace(stock.told, remaining=stock.told.remaining + stock.left)
            ahead = min(self._wanted(stock), rate.units // SHARE)
        taken = self._quotas.take(key, units=units + ahead, rate=rate)
        if ahead and taken is not None and not taken.is_allowed:
            ahead = 0
            taken = self._quotas.take(key, units=units, rate=rate)
        if taken is None or not taken.is_allowed:
            return taken
        self._put(key, taken, ahead)
        return replace(taken, remaining=taken.remaining + ahead)

    def _wanted(self, stock: _Stock | None) -> int:
        """Return as many as the caller used of late; twice as many if that was not enough."""
        if stock is None:
            return 0
        now = self._clock()
        if now < stock.until:
            return 2 * stock.size + 1
        return stock.size - stock.left if now < stock.until + AHEAD_S else 0

    def _put(self, key: str, told: Taken, ahead: int) -> None:
        with self._lock:
            if len(self._stocks) >= MOST_CALLERS:
                self._stocks.clear()  # costs each of them a question
            until = self._clock() + AHEAD_S
            self._stocks[key] = _Stock(told=told, size=ahead, left=ahead, until=until)

"""Rates: token buckets by subscription, for this process's share of the topic."""

from events.consuming.rates import Rates
from events.consuming.subscriptions import Subscription


def subscription(rate: str | None) -> Subscription:
    return Subscription(group="g", topic="t", type="a.b", handler=print, name="h", rate=rate)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_rate_everything_may_run() -> None:
    rates = Rates(shares=dict)
    assert rates.take(subscription(None), wanted=500) == 500
    assert rates.wait_s(subscription(None)) == 0.0


def test_a_rate_is_kept_over_time() -> None:
    clock = Clock()
    rates = Rates(shares=dict, clock=clock)
    limited = subscription("100/1s")
    taken = rates.take(limited, wanted=500)
    for _ in range(100):
        clock.now += 0.1
        taken += rates.take(limited, wanted=500)
    assert 1000 <= taken <= 1002


def test_what_was_not_used_is_kept_for_a_second_only() -> None:
    clock = Clock()
    rates = Rates(shares=dict, clock=clock)
    limited = subscription("10/1s")
    rates.take(limited, wanted=1)
    clock.now += 3600
    assert rates.take(limited, wanted=500) == 10


def test_what_was_taken_and_not_used_comes_back() -> None:
    rates = Rates(shares=dict, clock=Clock())
    limited = subscription("10/1s")
    assert rates.take(limited, wanted=500) == 1
    rates.give_back(limited, unused=1)
    assert rates.take(limited, wanted=500) == 1


def test_a_process_takes_its_share() -> None:
    clock = Clock()
    rates = Rates(shares=lambda: {"t": 0.25}, clock=clock)
    limited = subscription("100/1s")
    rates.take(limited, wanted=500)
    clock.now += 1
    assert rates.take(limited, wanted=500) == 25


def test_it_says_when_the_next_one_may_run() -> None:
    clock = Clock()
    rates = Rates(shares=dict, clock=clock)
    limited = subscription("1/1m")
    assert rates.take(limited, wanted=5) == 1
    assert 59 < rates.wait_s(limited) <= 60
    clock.now += 60
    assert rates.take(limited, wanted=5) == 1

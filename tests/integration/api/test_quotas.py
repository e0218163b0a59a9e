"""Quotas: what a caller took is counted in Redis, and taken ahead by those in a hurry."""

from collections.abc import Iterator
from typing import Any

import pytest
from django_redis import get_redis_connection

from events.api.allowances import AHEAD_S, Allowances
from events.api.quotas import Quotas
from events.rate import Rate


@pytest.fixture(autouse=True)
def counts() -> Iterator[Any]:
    """The Redis database in which throttles count, empty."""
    redis = get_redis_connection("throttle")
    redis.flushdb()
    yield redis
    redis.flushdb()


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quotas(clock: Clock) -> Quotas:
    return Quotas(alias="throttle", retry_s=5.0, clock=clock)


def test_units_are_taken_together_or_not_at_all(quotas: Quotas) -> None:
    rate = Rate(units=100, window_s=100)

    first = quotas.take("a", units=90, rate=rate)
    beyond = quotas.take("a", units=20, rate=rate)
    fitting = quotas.take("a", units=10, rate=rate)

    assert first
    assert (first.is_allowed, first.remaining, first.reset_s) == (True, 10, 90)
    assert beyond
    assert (beyond.is_allowed, beyond.remaining, beyond.retry_after_s) == (False, 10, 10)
    assert fitting
    assert (fitting.is_allowed, fitting.remaining) == (True, 0)


def test_units_come_back_evenly_and_nothing_is_left_behind(quotas: Quotas, counts: Any) -> None:
    rate = Rate(units=1_000, window_s=1)
    assert quotas.take("a", units=1_000, rate=rate)

    taken = 0
    while taken < 200:  # a fifth of a second
        more = quotas.take("a", units=10, rate=rate)
        assert more
        taken += 10 * more.is_allowed
    assert 0 < counts.pttl("a") <= 1_000


def test_what_redis_forgot_costs_nobody_anything(quotas: Quotas, counts: Any) -> None:
    rate = Rate(units=1, window_s=100)
    assert quotas.take("a", units=1, rate=rate)
    counts.script_flush()
    counts.flushdb()

    again = quotas.take("a", units=1, rate=rate)

    assert again
    assert again.is_allowed


def test_a_connection_closed_while_idle_is_opened_anew(quotas: Quotas, counts: Any) -> None:
    rate = Rate(units=2, window_s=100)
    assert quotas.take("a", units=1, rate=rate)
    counts.client_kill_filter(_type="normal", skipme=True)

    again = quotas.take("a", units=1, rate=rate)

    assert again
    assert (again.is_allowed, again.remaining) == (True, 0)


def test_a_redis_that_refuses_to_write_lets_through(quotas: Quotas, counts: Any) -> None:
    counts.config_set("maxmemory", 1)
    try:
        assert quotas.take("a", units=1, rate=Rate(units=2, window_s=100)) is None
    finally:
        counts.config_set("maxmemory", 0)


def test_after_a_failure_redis_is_left_alone_then_asked_by_one(
    quotas: Quotas, clock: Clock, counts: Any, caplog: Any
) -> None:
    rate = Rate(units=100, window_s=100)
    counts.set("a", "no number")
    assert quotas.take("a", units=1, rate=rate) is None
    counts.delete("a")

    clock.now = 4.9
    assert quotas.take("a", units=1, rate=rate) is None
    clock.now = 5.1
    assert quotas.take("a", units=1, rate=rate)

    assert caplog.messages == [
        "Redis does not answer; requests are not throttled",
        "Redis answers again",
    ]
    assert vars(caplog.records[-1])["uncounted_requests"] == 2


@pytest.fixture
def allowances(quotas: Quotas, clock: Clock) -> Allowances:
    return Allowances(quotas, clock=clock)


def asked(counts: Any) -> int:
    return int(counts.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))


def test_the_busier_a_caller_the_less_redis_is_asked(
    allowances: Allowances, clock: Clock, counts: Any
) -> None:
    rate = Rate(units=1_000_000, window_s=1_000_000)
    before, left = asked(counts), 1_000_000
    for _ in range(1_000):
        clock.now += AHEAD_S / 50
        taken = allowances.take("a", units=1, rate=rate)
        assert taken
        assert taken.is_allowed
        assert taken.remaining < left  # each is told that it took one
        left = taken.remaining

    assert asked(counts) - before < 60
    given_up = 1_000_000 - left - 1_000
    assert 0 <= given_up < 200


def test_a_slow_caller_takes_nothing_ahead(
    allowances: Allowances, clock: Clock, counts: Any
) -> None:
    rate = Rate(units=1_000, window_s=100_000)
    for number in range(1, 6):
        clock.now += 1.0
        taken = allowances.take("a", units=1, rate=rate)
        assert taken
        assert taken.remaining == 1_000 - number


def test_nobody_gets_more_than_the_rate_however_many_processes_there_are(
    counts: Any,
) -> None:
    rate = Rate(units=2_000, window_s=100_000)
    processes = [Allowances(Quotas(alias="throttle", retry_s=5.0)) for _ in range(3)]
    given = 0
    while True:
        answers = [each.take("a", units=1, rate=rate) for each in processes]
        allowed = [answer.is_allowed for answer in answers if answer]
        assert len(allowed) == 3
        given += sum(allowed)
        if not any(allowed):
            break
    assert 1_900 < given <= 2_000

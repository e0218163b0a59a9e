"""Retry policies: from attempt and age to a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.retry import Exhausted, Retry, RetryPolicy


def test_the_delay_doubles_up_to_its_bound() -> None:
    policy = RetryPolicy(initial_s=1, factor=2, max_delay_s=5, jitter=0, max_attempts=9)
    assert [policy.delay_s(n) for n in range(1, 6)] == [1, 2, 4, 5, 5]


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1))
def test_jitter_only_ever_shortens_the_delay(attempt: int, jitter: float) -> None:
    policy = RetryPolicy(initial_s=1, factor=2, max_delay_s=60, jitter=jitter)
    full = min(60.0, 2.0 ** min(attempt - 1, 64))
    assert full * (1 - jitter) <= policy.delay_s(attempt) <= full


def test_the_last_attempt_exhausts_the_policy() -> None:
    policy = RetryPolicy(max_attempts=3)
    assert isinstance(policy.decide(2), Retry)
    assert policy.decide(3) == Exhausted(reason="3 of 3 attempts failed")


def test_age_exhausts_the_policy_too() -> None:
    policy = RetryPolicy(max_attempts=99, max_age_s=10)
    assert isinstance(policy.decide(1, age_s=9.9), Retry)
    assert isinstance(policy.decide(1, age_s=10.0), Exhausted)


@pytest.mark.parametrize(("asked_s", "delay_s"), [(7.5, 7.5), (-1.0, 0.0)])
def test_a_handler_may_ask_for_its_own_delay(asked_s: float, delay_s: float) -> None:
    assert RetryPolicy().decide(1, asked_s=asked_s) == Retry(delay_s=delay_s)

"""Retries: the exception's type chooses the policy, and the policy what stands still meanwhile."""

from typing import Any

import pytest

from events.errors import InvalidEvent
from events.models import Attempt, Consumption, DeadLetter
from events.retry import RetryPolicy
from tests.integration.consuming.failing.conftest import Handler, closed, held
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ON_KEY = RetryPolicy(max_attempts=2, initial_s=0.3, jitter=0, scope="key")


class Odd(ValueError):
    """What has a policy only through its parent."""


def test_the_most_special_type_of_the_exception_chooses_the_policy(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    often = RetryPolicy(max_attempts=4, initial_s=0.01, jitter=0)
    never = RetryPolicy(max_attempts=1)
    handler.broken = {1: Odd(), 2: LookupError(), 3: KeyError(), 4: InvalidEvent(), 5: OSError()}
    declare(retry_on={ValueError: often, LookupError: never, KeyError: often, InvalidEvent: often})
    send(1, 2, 3, 4, 5)
    consume()
    attempts = Consumption.objects.order_by("dedupe_key").values_list("attempts", flat=True)
    # The last two: never tried again, and the subscription's own policy.
    assert list(attempts) == [4, 1, 4, 1, 2]
    assert DeadLetter.objects.open().count() == 5


def test_many_attempts_of_one_type_are_no_deaths_of_the_process(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    declare(retry_on={OSError: RetryPolicy(max_attempts=6, initial_s=0.01, jitter=0)})
    handler.broken = {1: OSError("still away")}
    send(1)
    consume()
    letter = DeadLetter.objects.get()
    assert (letter.attempts, letter.exception) == (6, "OSError")


def test_a_message_retried_on_its_key_holds_back_only_its_key(
    handler: Handler, send: Any, declare: Any, member: Any
) -> None:
    handler.broken = {1: OSError()}
    declare(retry=RetryPolicy(max_attempts=50, initial_s=0.2, factor=1.0, jitter=0, scope="key"))
    member()
    send(1, 2, 3)
    send(4, 5, key=b"other")
    wait_until(lambda: handler.done() == [4, 5])
    wait_until(lambda: held() == [1, 2, 3])
    assert closed() == [(b"k", "retrying")]
    handler.broken = {}
    wait_until(lambda: not closed())
    send(6)
    wait_until(lambda: 6 in handler.done())
    assert handler.done() == [4, 5, 1, 2, 3, 6]
    assert not DeadLetter.objects.exclude(state="redriven").exists()
    assert set(Attempt.objects.values_list("dedupe_key", flat=True)) == {"thing:1"}


def test_what_fails_for_good_on_its_key_lets_its_followers_go(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    handler.broken = {1: OSError("never")}
    declare(retry=ON_KEY)
    send(1, 2, 3)
    consume()
    assert handler.done() == [2, 3]
    assert closed() == []
    letter = DeadLetter.objects.open().get()
    assert (letter.value, letter.attempts) == (b'{"n": 1}', 2)
    assert letter.parent is not None
    assert letter.parent.result == f"failed again: {letter.pk}"


def test_without_a_key_a_message_waits_alone(
    handler: Handler, send: Any, declare: Any, member: Any
) -> None:
    handler.broken = {1: OSError()}
    declare(retry=RetryPolicy(max_attempts=50, initial_s=0.1, factor=1.0, jitter=0, scope="key"))
    member()
    send(1, 2, 3, key=None)
    wait_until(lambda: handler.done() == [2, 3])
    assert closed() == []
    handler.broken = {}
    wait_until(lambda: handler.done() == [2, 3, 1])


def test_beyond_the_bound_of_closed_keys_the_partition_waits(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    handler.broken = {1: OSError(), 3: OSError()}
    declare(retry=ON_KEY)
    send(1, key=b"one")
    send(3, key=b"three")
    send(4, key=b"four")
    consume(closed_keys=1)
    # The first was set aside and failed as a letter; the second waited on its partition.
    letters = DeadLetter.objects.open().order_by("offset")
    assert [each.parent is None for each in letters] == [False, True]
    assert handler.calls.index(4) > handler.calls.index(3)

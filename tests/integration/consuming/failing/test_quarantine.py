"""Quarantine: what fails for good closes its key; released, everything runs in order, once."""

from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from events.consuming.subscriptions import unsubscribe
from events.models import ClosedKey, Consumption, DeadLetter
from events.models.identifiers import new_id
from events.retry import RetryPolicy
from tests.integration.consuming.failing.conftest import (
    TYPE,
    Handler,
    closed,
    held,
    redrive,
    release,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def pause_key(topic: str, *, until_s: float | None = None) -> None:
    """Close key `k`, as the operator's transaction does."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO events_closedkey (id, "group", topic, key, cause, by, reason, closed_at,
                until)
            VALUES (%s, %s, %s, 'k', 'paused', 'me', 'why', now(),
                now() + make_interval(secs => %s))
            """,
            [new_id(), topic, topic, until_s],
        )


@pytest.fixture
def quarantined(handler: Handler, send: Any, declare: Any, consume: Any) -> None:
    """Number 1 failed for good; 2 and 3 came behind it, 4 under another key."""
    handler.broken = {1: ValueError("bad")}
    declare(on_exhausted="quarantine")
    send(1, 2, 3)
    send(4, key=b"other")
    consume()


@pytest.mark.usefixtures("quarantined")
def test_followers_are_held_in_order_and_other_keys_flow(handler: Handler, topic: str) -> None:
    assert handler.done() == [4]
    assert held() == [2, 3]
    [key] = ClosedKey.objects.all()
    head = DeadLetter.objects.open().get()
    assert (bytes(key.key), key.cause, key.by, key.head) == (b"k", "quarantined", "waybill", head)
    assert key.reason == "ValueError: bad"
    assert Consumption.objects.get(dedupe_key="thing:1").outcome == "quarantined"
    assert not Consumption.objects.filter(dedupe_key="thing:2").exists()


@pytest.mark.usefixtures("quarantined")
def test_released_all_run_in_order_and_the_key_opens(
    handler: Handler, send: Any, consume: Any
) -> None:
    handler.broken = {}
    send(5)  # behind those that are held already
    release()
    consume()
    assert handler.done() == [4, 1, 2, 3, 5]
    assert closed() == []
    outcomes = Consumption.objects.values_list("outcome", flat=True)
    assert set(outcomes) == {"succeeded"}
    assert set(DeadLetter.objects.values_list("state", "result")) == {("redriven", "done")}
    send(6)
    consume()
    assert handler.done()[-1] == 6


@pytest.mark.usefixtures("quarantined")
def test_released_and_broken_still_the_key_closes_again_behind_a_new_head(
    handler: Handler, consume: Any
) -> None:
    first = DeadLetter.objects.open().get()
    release()
    consume()
    assert handler.done() == [4]
    assert held() == [2, 3]
    head = DeadLetter.objects.open().get()
    assert head.parent == first
    assert ClosedKey.objects.get().head == head
    handler.broken = {}
    release()
    consume()
    assert handler.done() == [4, 1, 2, 3]


@pytest.mark.usefixtures("quarantined")
def test_a_follower_that_fails_closes_the_key_behind_itself(
    handler: Handler, consume: Any
) -> None:
    handler.broken = {2: ValueError("this one too")}
    release()
    consume()
    assert handler.done() == [4, 1]
    assert held() == [3]
    assert bytes(DeadLetter.objects.open().get().value or b"") == b'{"n": 2}'


def test_nobody_but_the_next_owner_runs_ahead_of_what_is_held(
    quarantined: None, handler: Handler, send: Any, consume: Any
) -> None:
    """Another process, which knows of no closed key when it starts, holds what it gets."""
    send(5, 6)
    consume()
    assert held() == [2, 3, 5, 6]
    assert handler.done() == [4]


def test_a_partition_that_is_new_is_not_begun_without_a_look_at_its_closed_keys(
    handler: Handler, topic: str, send: Any, declare: Any, member: Any
) -> None:
    declare()
    member(control_interval_s=60.0)
    send(1, partition=1, key=b"other")
    wait_until(lambda: handler.done() == [1])
    pause_key(topic)  # the next look by the clock is far away
    send(2)
    wait_until(lambda: held() == [2])
    assert handler.done() == [1]


def test_a_key_that_people_paused_is_held_and_released(
    handler: Handler, topic: str, send: Any, declare: Any, member: Any
) -> None:
    declare()
    member(control_interval_s=0.05)
    send(1)
    wait_until(lambda: handler.done() == [1])
    pause_key(topic)
    numbers = count(2)

    def one_more_is_held() -> bool:
        send(next(numbers))  # the first few may come before the pause was noticed
        return bool(held())

    wait_until(one_more_is_held)
    send(0, key=b"other")
    wait_until(lambda: 0 in handler.done())
    sent = next(numbers)
    wait_until(lambda: len(held()) + len(handler.done()) == sent)
    release()
    wait_until(lambda: not closed())
    assert [n for n in handler.done() if n] == list(range(1, sent))


def test_a_pause_of_a_key_ends_by_itself(
    handler: Handler, topic: str, send: Any, declare: Any, member: Any
) -> None:
    declare()
    pause_key(topic, until_s=60.0)
    send(1, 2)
    member(control_interval_s=0.05)
    wait_until(lambda: held() == [1, 2])
    assert handler.done() == []
    ClosedKey.objects.update(until=timezone.now())
    wait_until(lambda: handler.done() == [1, 2])
    wait_until(lambda: not closed())


def test_a_message_without_a_key_is_set_aside_and_closes_nothing(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    handler.broken = {1: ValueError()}
    declare(on_exhausted="quarantine")
    send(1, 2, key=None)
    consume()
    assert handler.done() == [2]
    assert closed() == []
    assert Consumption.objects.get(dedupe_key="thing:1").outcome == "dead_lettered"


def test_an_older_letter_that_fails_again_does_not_take_the_place_of_the_head(
    handler: Handler, topic: str, send: Any, declare: Any, consume: Any
) -> None:
    handler.broken = {1: ValueError("bad"), 2: ValueError("bad")}
    declare()
    send(1)
    consume()
    unsubscribe(topic, group=topic, type=TYPE)
    declare(on_exhausted="quarantine")
    send(2, 3)
    consume()
    head = ClosedKey.objects.get().head
    redrive(offset=0)
    consume()
    assert ClosedKey.objects.get().head == head
    handler.broken = {}
    release()
    consume()
    assert handler.done() == [2, 3]
    assert DeadLetter.objects.open().get().offset == 0
    redrive()
    consume()
    assert handler.done() == [2, 3, 1]


def test_followers_of_an_external_effect_are_held_though_they_were_claimed_together(
    handler: Handler, send: Any, declare: Any, consume: Any
) -> None:
    handler.broken = {1: ValueError("bad")}
    declare(on_exhausted="quarantine", effect="external", retry=RetryPolicy(max_attempts=1))
    send(1, 2)
    send(4, key=b"other")
    send(3)
    consume()
    assert (handler.done(), held()) == ([4], [2, 3])
    handler.broken = {}
    release()
    consume()
    assert handler.done() == [4, 1, 2, 3]
    assert set(Consumption.objects.values_list("outcome", "attempts")) == {("succeeded", 1)}

"""Seeks: carried out once by the owner of the partition, and committed before they are done."""

import os
import socket
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from django.utils import timezone

from events.conf import kafka_settings
from events.models import Attempt, Consumption, Pause, Seek
from tests.integration.consuming.controlled import PROTOCOLS, Handled, Member
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def ask_for(topic: str, to_offset: int, *, partition: int = 0) -> Seek:
    return Seek.objects.create(
        group=topic,
        topic=topic,
        partition=partition,
        to_offset=to_offset,
        by="somebody",
        requested_at=timezone.now(),
    )


def is_done(seek: Seek) -> bool:
    seek.refresh_from_db()
    return seek.state == Seek.State.DONE


def committed(topic: str, partition: int = 0) -> int:
    consumer = Consumer({**kafka_settings("consumer"), "group.id": topic})
    try:
        [found] = consumer.committed([TopicPartition(topic, partition)], timeout=10)
        return int(found.offset)
    finally:
        consumer.close()


def forget_what_was_done(redis: Any) -> None:
    """Have what is read again be handled again, so that it is seen where a group went on."""
    Consumption.objects.all().delete()
    redis.flushdb()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_living_owner_goes_there_and_says_so(
    topic: str, handled: Handled, members: list[Member], protocol: str, dedupe_redis: Any
) -> None:
    handled.send(range(20))
    members.append(Member(topic, protocol=protocol))
    wait_until(lambda: len(handled.seen) == 20, timeout_s=20)
    wait_until(lambda: Consumption.objects.count() == 20)
    forget_what_was_done(dedupe_redis)
    seek = ask_for(topic, 15)
    wait_until(lambda: is_done(seek))
    assert seek.done_by == f"{socket.gethostname()}:{os.getpid()}"
    assert seek.done_at is not None
    wait_until(lambda: len(handled.seen) == 25)
    assert [n for _, n in handled.seen[20:]] == list(range(15, 20))
    handled.send(range(20, 23))
    wait_until(lambda: len(handled.seen) == 28)


def test_what_was_asked_for_while_nobody_lived_is_done_at_the_start(
    topic: str, handled: Handled, read_to_end: Any
) -> None:
    handled.send(range(20))
    read_to_end()
    handled.send(range(20, 30))
    seek = ask_for(topic, 25)
    read_to_end()
    assert is_done(seek)
    assert handled.numbers() == [*range(20), *range(25, 30)]
    assert committed(topic) == 30


def test_a_paused_partition_is_moved_and_stays_paused(
    topic: str, handled: Handled, members: list[Member]
) -> None:
    handled.send(range(20))
    pause = Pause.objects.create(group=topic, by="somebody", paused_at=timezone.now())
    seek = ask_for(topic, 12)
    members.append(Member(topic))
    wait_until(lambda: is_done(seek), timeout_s=20)
    assert committed(topic) == 12
    assert not handled.seen
    Pause.objects.filter(id=pause.id).update(resumed_at=timezone.now())
    wait_until(lambda: len(handled.seen) == 8)
    assert handled.numbers() == list(range(12, 20))


def test_a_message_that_waits_for_its_retry_waits_no_more(
    topic: str, handled: Handled, members: list[Member], waybill_settings: Any
) -> None:
    handled.fails = lambda n: n == 3
    handled.send(range(10))
    members.append(Member(topic))
    wait_until(Attempt.objects.exists, timeout_s=20)
    seek = ask_for(topic, 4)
    wait_until(lambda: is_done(seek))
    wait_until(lambda: len(handled.numbers()) == 9)
    assert handled.numbers() == [0, 1, 2, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize("partitions", [2])
def test_seeks_under_load_lose_nothing_that_lies_behind_them(
    topic: str, handled: Handled, members: list[Member], partitions: int
) -> None:
    handled.takes_s = 0.001
    for partition in range(2):
        handled.send(range(partition * 1000, partition * 1000 + 1000), partition=partition)
    members.append(Member(topic))
    wait_until(lambda: len(handled.seen) > 100, timeout_s=20)
    for partition in range(2):
        seek = ask_for(topic, 0, partition=partition)
        wait_until(partial(is_done, seek))
    wait_until(lambda: len(set(handled.seen)) == 2000, timeout_s=30)
    for partition in range(2):
        numbers = handled.numbers(partition)
        assert numbers == sorted(numbers)


def test_the_newer_of_two_wishes_counts(
    topic: str, handled: Handled, members: list[Member]
) -> None:
    handled.send(range(20))
    first = ask_for(topic, 5)
    Seek.objects.filter(id=first.id).update(state=Seek.State.SUPERSEDED)
    second = ask_for(topic, 10)
    members.append(Member(topic))
    wait_until(lambda: is_done(second), timeout_s=20)
    wait_until(lambda: len(handled.seen) == 10)
    first.refresh_from_db()
    assert (first.state, handled.numbers()) == (Seek.State.SUPERSEDED, list(range(10, 20)))

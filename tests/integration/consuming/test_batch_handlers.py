"""Handlers that take many events at once: few statements, the same promises."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from confluent_kafka import Producer
from django.contrib.auth.models import Group
from django.db import connection

from events.conf import kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter
from events.retry import RetryPolicy

pytestmark = pytest.mark.django_db(transaction=True)

TYPE = "thing.happened"
DELETED = "thing.deleted"
FAST = RetryPolicy(max_attempts=2, initial_s=0.05, jitter=0)


@pytest.fixture
def topic(make_topic: Any) -> str:
    return str(make_topic(TYPE, DELETED))


@pytest.fixture
def send(topic: str) -> Callable[..., None]:
    producer = Producer({**kafka_settings("producer")})

    def send(*numbers: int | None, type_name: str = TYPE) -> None:
        for number in numbers:
            value = None if number is None else b'{"n": %d}' % number
            producer.produce(topic, value=value, headers=[("ce_type", type_name.encode())])
        assert producer.flush(10) == 0

    return send


@pytest.fixture
def declare(topic: str) -> Iterator[Callable[..., None]]:
    def declare(handler: Callable[..., None], **options: Any) -> None:
        options = {"type": TYPE, "batch": True, "dedupe_key": "thing:{n}", **options}
        subscribe(topic, group=topic, retry=FAST, **options)(handler)

    yield declare
    unsubscribe(topic, group=topic, type=TYPE)
    unsubscribe(topic, group=topic, type=DELETED)


def consume(group: str, **options: Any) -> int:
    process = ConsumerProcess(group=group, settings=waybill(), until=Until(idle=True), **options)
    assert process.run(threading.Event()) == 0
    return process.consumer.done


def write(events: Sequence[ReceivedEvent]) -> None:
    Group.objects.bulk_create(Group(name=str(event.data["n"])) for event in events)


def names() -> list[int]:
    return [int(name) for name in Group.objects.order_by("id").values_list("name", flat=True)]


def test_many_messages_are_given_to_the_handler_at_once(
    topic: str, send: Any, declare: Any, dedupe_redis: Any
) -> None:
    sizes: list[int] = []

    def handle(events: Sequence[ReceivedEvent]) -> None:
        sizes.append(len(events))
        write(events)

    declare(handle)
    send(*range(1_200))
    assert consume(topic) == 1_200
    assert names() == list(range(1_200))
    assert len(sizes) < 50
    assert Consumption.objects.filter(group=topic, outcome="succeeded").count() == 1_200


@pytest.mark.parametrize("redis_remembers", [True, False])
def test_what_was_done_is_not_given_again(
    topic: str, send: Any, declare: Any, dedupe_redis: Any, redis_remembers: bool
) -> None:
    declare(write)
    send(*range(0, 100, 2))
    consume(topic)
    if not redis_remembers:
        dedupe_redis.flushdb()
    send(*range(100), 5, 5)
    assert consume(topic) == 102
    assert sorted(names()) == list(range(100))
    assert Attempt.objects.filter(result="duplicate").count() == 52


def test_one_bad_message_among_many_is_found_and_counted_alone(
    topic: str, send: Any, declare: Any, dedupe_redis: Any
) -> None:
    calls: list[int] = []

    def handle(events: Sequence[ReceivedEvent]) -> None:
        calls.append(len(events))
        write(events)
        if any(event.data["n"] == 333 for event in events):
            raise RuntimeError("not this one")

    declare(handle)
    send(*range(500))
    assert consume(topic) == 500
    assert names() == [number for number in range(500) if number != 333]
    letter = DeadLetter.objects.get()
    assert letter.value == b'{"n": 333}'
    assert list(Attempt.objects.values_list("number", "result")) == [(1, "failed"), (2, "failed")]
    assert len(calls) < 40  # by halves, not one by one


def test_a_batch_is_rolled_back_as_a_whole(
    topic: str, send: Any, declare: Any, dedupe_redis: Any
) -> None:
    failed: list[int] = []

    def handle(events: Sequence[ReceivedEvent]) -> None:
        write(events)
        if not failed:
            failed.append(len(events))
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")

    declare(handle)
    send(*range(50))
    assert consume(topic) == 50
    assert failed[0] > 1
    assert sorted(names()) == list(range(50))
    assert not DeadLetter.objects.exists()


def test_handlers_of_one_message_stand_beside_it_in_order(
    topic: str, send: Any, declare: Any, dedupe_redis: Any
) -> None:
    def delete(event: ReceivedEvent) -> None:
        Group.objects.filter(name=str(event.data["n"])).delete()

    declare(write)
    declare(delete, type=DELETED, batch=False, dedupe_key="deleted:{n}")
    send(1, 2)
    send(1, type_name=DELETED)
    send(3, None)
    assert consume(topic) == 5
    assert names() == [2, 3]

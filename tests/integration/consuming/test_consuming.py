"""Consuming over the real broker, database and Redis: one effect, a ledger row, an offset."""

import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

import pytest
from confluent_kafka import Producer
from django.contrib.auth.models import Group

from events.conf import kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.errors import InvalidEvent, RetryLater
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter, InHand
from events.retry import RetryPolicy
from events.testing.kit import WaybillKit

pytestmark = pytest.mark.django_db(transaction=True)

TYPE = "thing.happened"
FAST = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)
Send = Callable[..., None]


@pytest.fixture
def topic(make_topic: Any) -> str:
    return str(make_topic(TYPE))


@pytest.fixture
def send(topic: str) -> Send:
    producer = Producer({**kafka_settings("producer")})

    def send(*values: bytes | None, key: bytes = b"k", headers: Any = None) -> None:
        for value in values:
            producer.produce(
                topic, key=key, value=value, headers=headers or [("ce_type", TYPE.encode())]
            )
        assert producer.flush(10) == 0

    return send


@pytest.fixture
def declare(topic: str) -> Iterator[Callable[..., None]]:
    def declare(handler: Callable[[ReceivedEvent], None], **options: Any) -> None:
        subscribe(topic, group=topic, type=TYPE, retry=FAST, **options)(handler)

    yield declare
    unsubscribe(topic, group=topic, type=TYPE)


def consume(group: str, **options: Any) -> ConsumerProcess:
    process = ConsumerProcess(group=group, settings=waybill(), until=Until(idle=True), **options)
    assert process.run(threading.Event()) == 0
    return process


def write_a_row(event: ReceivedEvent) -> None:
    Group.objects.create(name=f"{event.topic} {event.data['n']}")


def test_each_message_has_one_effect_and_one_ledger_row(
    topic: str, send: Send, declare: Any, dedupe_redis: Any
) -> None:
    declare(write_a_row, dedupe_key="thing:{n}")
    send(*(b'{"n": %d}' % n for n in range(1200)))
    assert consume(topic).consumer.done == 1200
    assert Group.objects.count() == 1200
    rows = Consumption.objects.filter(group=topic, outcome="succeeded", attempts=1)
    assert rows.count() == 1200
    assert not Attempt.objects.exists()
    assert not InHand.objects.exists()
    remembered = sha256(b'{"n": 7}').hexdigest()[:16]
    assert dedupe_redis.get("thing:7").decode() == f"{topic}|kafka:{topic}/0:7#{remembered}"
    assert dedupe_redis.ttl("thing:7") > 0


@pytest.mark.parametrize("redis_remembers", [True, False])
def test_a_key_is_handled_once_however_often_it_comes(
    topic: str,
    send: Send,
    declare: Any,
    dedupe_redis: Any,
    redis_remembers: bool,
) -> None:
    declare(write_a_row, dedupe_key="thing:{n}")
    send(*[b'{"n": 1}', b'{"n": 2}'] * 3)
    consume(topic)
    if not redis_remembers:
        dedupe_redis.flushdb()
    consume(topic, from_beginning=True)
    assert Group.objects.count() == 2
    # Three sends of each under ids of their own; what is read again is skipped and told again.
    assert set(Attempt.objects.values_list("result", flat=True)) == {"duplicate"}


def test_a_message_that_fails_is_tried_again_and_then_succeeds_once(
    topic: str, send: Send, declare: Any, dedupe_redis: Any
) -> None:
    seen: list[int] = []

    def fail_twice(event: ReceivedEvent) -> None:
        write_a_row(event)
        if event.data["n"] == 2:
            seen.append(event.attempt)
            if event.attempt < 3:
                raise RuntimeError("not yet")

    declare(fail_twice)
    send(b'{"n": 1}', b'{"n": 2}', b'{"n": 3}')
    consume(topic)
    assert sorted(set(seen)) == [1, 2, 3]
    assert Group.objects.count() == 3
    attempts = Attempt.objects.order_by("id").values_list("number", "result")
    assert list(attempts) == [(1, "failed"), (2, "failed"), (3, "succeeded")]
    assert not DeadLetter.objects.exists()


def test_a_message_that_always_fails_becomes_a_dead_letter_and_the_rest_flows(
    topic: str, send: Send, declare: Any, dedupe_redis: Any
) -> None:
    def refuse(event: ReceivedEvent) -> None:
        write_a_row(event)
        if event.data["n"] == 2:
            raise RuntimeError("never\x00 \ud800")

    declare(refuse)
    send(b'{"n": 1}', b'{"n": 2}', b'{"n": 3}')
    consume(topic)
    letter = DeadLetter.objects.get()
    assert (letter.value, letter.attempts, letter.exception) == (b'{"n": 2}', 3, "RuntimeError")
    assert Consumption.objects.get(outcome="dead_lettered").attempts == 3
    assert Group.objects.count() == 2


@pytest.mark.parametrize("error", [InvalidEvent("no such thing"), RetryLater(delay_s=0.01)])
def test_the_type_of_the_exception_decides(
    topic: str, send: Send, declare: Any, dedupe_redis: Any, error: Exception
) -> None:
    def refuse(event: ReceivedEvent) -> None:
        raise error

    declare(refuse)
    send(b"{}")
    consume(topic)
    assert DeadLetter.objects.get().attempts == (1 if isinstance(error, InvalidEvent) else 3)


def test_what_cannot_be_decoded_is_set_aside_with_its_bytes(
    topic: str, send: Send, declare: Any, dedupe_redis: Any
) -> None:
    declare(write_a_row, dedupe_key="thing:{n}")
    garbage = [b"\xff\x00garbage", b"", b"[" * 5000, b'{"n": null}', b'{"n": "\\u0000"}']
    send(*garbage, b'{"n": 1}')
    send(b'{"n": 2}', headers=[("ce_type", TYPE.encode()), ("ce_id", b"\xff")])
    consume(topic)
    letters = list(DeadLetter.objects.order_by("offset").values_list("value", flat=True))
    assert letters == [*garbage, b'{"n": 2}']
    assert Group.objects.count() == 1


def test_a_tombstone_is_skipped_and_the_skip_recorded(
    topic: str, send: Send, declare: Any, dedupe_redis: Any
) -> None:
    declare(write_a_row, dedupe_key="thing:{n}")
    send(None, b'{"n": 1}')
    consume(topic)
    assert Consumption.objects.filter(handler="tombstone skipped").count() == 1
    assert Group.objects.count() == 1


def test_offsets_are_committed_and_a_second_run_gets_nothing(
    topic: str, send: Send, declare: Any, dedupe_redis: Any
) -> None:
    declare(write_a_row)
    send(b'{"n": 1}', b'{"n": 2}')
    assert consume(topic).consumer.done == 2
    assert consume(topic).consumer.done == 0


def test_a_message_that_kills_its_process_is_counted_alone_and_set_aside(
    topic: str, declare: Any, waybill: WaybillKit
) -> None:
    declare(write_a_row)
    for n in range(2):
        waybill.publish(topic, type=TYPE, data={"n": n}, key="k")
    waybill.crash_at("handler")  # in the chunk of both
    waybill.drain()
    assert InHand.objects.get().last_offset == 1
    waybill.crash_at("handler", times=3)  # each time alone
    while waybill.drain().crashed_at:
        assert not Group.objects.exists()
    assert "ended during each of 3 attempts" in DeadLetter.objects.get().error
    assert [each.name for each in Group.objects.all()] == [f"{topic} 1"]
    assert not InHand.objects.exists()

"""A topic with one subscription whose effect is external."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from events.conf import kafka_settings
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.retry import RetryPolicy

TYPE = "thing.happened"
FAST = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)


@pytest.fixture
def topic(make_topic: Any) -> str:
    return str(make_topic(TYPE))


@pytest.fixture
def send(topic: str) -> Callable[..., None]:
    producer = Producer({**kafka_settings("producer")})

    def send(*numbers: int) -> None:
        for number in numbers:
            producer.produce(
                topic, value=b'{"n": %d}' % number, headers=[("ce_type", TYPE.encode())]
            )
        assert producer.flush(10) == 0

    return send


@pytest.fixture
def declare(topic: str) -> Iterator[Callable[..., None]]:
    def declare(handler: Callable[[ReceivedEvent], None], **options: Any) -> None:
        options = {"retry": FAST, "dedupe_key": "sent:{n}", **options}
        subscribe(topic, group=topic, type=TYPE, effect="external", **options)(handler)

    yield declare
    unsubscribe(topic, group=topic, type=TYPE)


@pytest.fixture
def consume(topic: str, waybill_settings: Any, dedupe_redis: Any) -> Callable[..., None]:
    def consume(*, from_beginning: bool = False) -> None:
        process = ConsumerProcess(
            group=topic,
            settings=waybill_settings(lease_s=2.0, lease_renew_s=0.5, probe_interval_s=0.1),
            until=Until(idle=True),
            from_beginning=from_beginning,
        )
        assert process.run(threading.Event()) == 0

    return consume

"""A topic with one subscription: one whose effect is external, or one that only notes."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from events.conf import Waybill, kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.retry import RetryPolicy
from tests.integration.consuming.controlled import Handled, Member, overrides

TYPE = "thing.happened"
FAST = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
def topic(make_topic: Any, partitions: int) -> str:
    return str(make_topic(TYPE, partitions=partitions))


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


@pytest.fixture
def retry() -> RetryPolicy:
    return FAST


@pytest.fixture
def handled(topic: str, dedupe_redis: Any, retry: RetryPolicy) -> Iterator[Handled]:
    handled = Handled(topic)
    subscribe(topic, group=topic, type=TYPE, retry=retry, dedupe_key="{n}")(handled.handle)
    yield handled
    unsubscribe(topic, group=topic, type=TYPE)


@pytest.fixture
def members() -> Iterator[list[Member]]:
    """Members that are stopped at the end, also when the test fails."""
    members: list[Member] = []
    yield members
    for member in members:
        member.stop()


@pytest.fixture
def read_to_end(topic: str) -> Callable[..., ConsumerProcess]:
    """Consume until every partition is read to its end."""

    def read_to_end(
        *, protocol: str = "cooperative", settings: Waybill | None = None, **options: Any
    ) -> ConsumerProcess:
        process = ConsumerProcess(
            group=topic,
            settings=settings or waybill(),
            until=Until(idle=True),
            overrides=overrides(protocol),
            **options,
        )
        assert process.run(threading.Event()) == 0
        return process

    return read_to_end

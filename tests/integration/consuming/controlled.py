"""A topic whose messages are written down as they are handled, and members of its group."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from django.db import connections

from events.conf import Waybill, kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.retry import RetryPolicy

TYPE = "thing.happened"
FAST = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)
PROTOCOLS = {
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "range": {"partition.assignment.strategy": "range"},
    "KIP-848": {"group.protocol": "consumer"},
}
CLASSIC = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}


class Member:
    """One consumer of the group, in a thread of its own."""

    def __init__(
        self,
        group: str,
        *,
        protocol: str = "cooperative",
        settings: Waybill | None = None,
        **options: Any,
    ) -> None:
        self._stop = threading.Event()
        self.code: int | None = None
        self.process = ConsumerProcess(
            group=group,
            settings=settings or waybill(),
            overrides={**CLASSIC, **PROTOCOLS[protocol]},
            **options,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.code = self.process.run(self._stop)
        finally:
            connections.close_all()

    def stop(self) -> float:
        """End it; returns how long that took, in seconds."""
        since = time.monotonic()
        self._stop.set()
        self._thread.join(30)
        assert self.code == 0
        return time.monotonic() - since


class Handled:
    """What was handled: (partition, number) and when, by the monotonic clock."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._producer = Producer(
            {**kafka_settings("producer"), "enable.idempotence": True, "linger.ms": 0}
        )
        self.seen: list[tuple[int, int]] = []
        self.at: list[float] = []
        self.takes_s = 0.0
        self.fails: Callable[[int], bool] = lambda _: False

    def __call__(self, event: ReceivedEvent) -> None:
        assert event.position is not None
        number = event.data["n"]
        if self.takes_s:
            threading.Event().wait(self.takes_s)
        if self.fails(number):
            raise RuntimeError("not yet")
        self.seen.append((event.position.partition, number))
        self.at.append(time.monotonic())

    def send(self, numbers: Any, *, partition: int = 0) -> None:
        """Write messages with these numbers to the partition."""
        for n in numbers:
            value = b'{"n": %d}' % n
            headers = [("ce_type", TYPE.encode())]
            self._producer.produce(self._topic, value=value, partition=partition, headers=headers)
        assert self._producer.flush(10) == 0

    def numbers(self, partition: int = 0) -> list[int]:
        """Return the numbers of a partition in the order in which they were first handled."""
        return list(dict.fromkeys(n for p, n in tuple(self.seen) if p == partition))


@pytest.fixture
def partitions() -> int:
    return 1


@pytest.fixture
def topic(make_topic: Any, partitions: int, dedupe_redis: Any) -> str:
    return str(make_topic(TYPE, partitions=partitions))


@pytest.fixture
def handled(topic: str) -> Iterator[Handled]:
    handled = Handled(topic)
    subscribe(topic, group=topic, type=TYPE, retry=FAST, dedupe_key="{n}")(handled)
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
def consume(topic: str) -> Callable[..., ConsumerProcess]:
    """Consume until every partition is read to its end."""

    def consume(*, protocol: str = "cooperative", **options: Any) -> ConsumerProcess:
        settings = options.pop("settings", None) or waybill()
        process = ConsumerProcess(
            group=topic,
            settings=settings,
            until=Until(idle=True),
            overrides={**CLASSIC, **PROTOCOLS[protocol]},
            **options,
        )
        assert process.run(threading.Event()) == 0
        return process

    return consume

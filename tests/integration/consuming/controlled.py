"""Members of a group in threads, and a handler that writes down what it handled."""

import threading
import time
from collections.abc import Callable
from typing import Any

from confluent_kafka import Producer
from django.db import connections

from events.conf import Waybill, kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.event import ReceivedEvent

TYPE = "thing.happened"
PROTOCOLS = {
    "cooperative": {"partition.assignment.strategy": "cooperative-sticky"},
    "range": {"partition.assignment.strategy": "range"},
    "KIP-848": {"group.protocol": "consumer"},
}
CLASSIC = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 500}


def overrides(protocol: str) -> dict[str, Any]:
    """Return librdkafka settings for a member that speaks the protocol."""
    return {**CLASSIC, **PROTOCOLS[protocol]}


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
            overrides=overrides(protocol),
            **options,
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.code = self.process.run(self._stop)
        finally:
            connections.close_all()

    def is_in(self, topic: str) -> bool:
        """Whether it holds a partition of the topic."""
        kafka = getattr(self.process, "_kafka", None)
        return kafka is not None and any(name == topic for name, _ in kafka.assignment)

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

    def handle(self, event: ReceivedEvent) -> None:
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
            self._producer.produce(
                self._topic,
                value=value,
                partition=partition,
                headers=[("ce_type", TYPE.encode())],
            )
        assert self._producer.flush(10) == 0

    def has(self, count: int) -> bool:
        """Whether so many messages were handled."""
        return len(self.seen) >= count

    def numbers(self, partition: int = 0) -> list[int]:
        """Return the numbers of a partition in the order in which they were first handled."""
        return list(dict.fromkeys(n for p, n in tuple(self.seen) if p == partition))

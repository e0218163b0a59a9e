"""Producing: records put on a topic directly, where a test is about the consumer alone."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import Producer

from tests.acceptance.system import System

TYPE = b"thing.happened"
KEYS = 7
FLUSH_WITHIN_S = 60.0  # a test may have Kafka away meanwhile
Headers = list[tuple[str, str | bytes | None]]


class Flow:
    """Events that another program writes without pause; `count` are in the topic by now.

    Their numbers begin with `first`.
    """

    def __init__(self, system: System, *, together: int, every_s: float, first: int) -> None:
        self.count = 0
        self._first = first
        self._producer = Producer({"bootstrap.servers": system.kafka, "log_level": 2})
        self._topic = system.topic
        self._together = together
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flow", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing more comes."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            next_one = self._first + self.count
            _put(self._producer, self._topic, range(next_one, next_one + self._together))
            self.count += self._together


@contextmanager
def flowing(
    system: System, *, together: int = 4, every_s: float = 0.05, first: int = 0
) -> Iterator[Flow]:
    """Write `together` events each `every_s` seconds, until the block is left."""
    flow = Flow(system, together=together, every_s=every_s, first=first)
    flow.start()
    try:
        yield flow
    finally:
        flow.stop()


def put_events(system: System, count: int, *, first: int = 0) -> None:
    """Write so many events as another program would: CloudEvents, binary mode."""
    producer = Producer({"bootstrap.servers": system.kafka, "log_level": 2})
    _put(producer, system.topic, range(first, first + count))


def put_tombstones(system: System, count: int) -> None:
    """Write events that only say that their key is gone."""
    producer = Producer({"bootstrap.servers": system.kafka, "log_level": 2})
    for number in range(count):
        headers: Headers = [("ce_type", TYPE), ("ce_id", b"gone-%d" % number)]
        producer.produce(system.topic, key=b"key-%d" % number, value=None, headers=headers)
    assert producer.flush(FLUSH_WITHIN_S) == 0


def _put(producer: Producer, topic: str, numbers: range) -> None:
    for number in numbers:
        headers: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_type", TYPE),
            ("ce_source", b"/elsewhere"),
            ("ce_id", b"%06d" % number),
            ("content-type", b"application/json"),
        ]
        key, value = b"key-%d" % (number % KEYS), b'{"n": %d}' % number
        producer.produce(topic, key=key, value=value, headers=headers)
    assert producer.flush(FLUSH_WITHIN_S) == 0


def put_records(system: System, records: Sequence[tuple[bytes | None, bytes, Headers]]) -> None:
    """Write records as they are: key, value, headers."""
    producer = Producer({"bootstrap.servers": system.kafka, "log_level": 2})
    for key, value, headers in records:
        producer.produce(system.topic, key=key, value=value, headers=headers)
    assert producer.flush(FLUSH_WITHIN_S) == 0


def put_garbage(system: System, values: list[bytes]) -> None:
    """Write what no publisher of ours would; the last one has headers that are no text."""
    producer = Producer({"bootstrap.servers": system.kafka, "log_level": 2})
    headers: Headers = [("ce_type", TYPE)]
    for value in values[:-1]:
        producer.produce(system.topic, value=value, headers=headers)
    odd = [*headers, ("ce_id", b"\xff\xfe")]
    producer.produce(system.topic, key=b"\xff", value=values[-1], headers=odd)
    assert producer.flush(FLUSH_WITHIN_S) == 0

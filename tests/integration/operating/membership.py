"""Messages in a topic, and members of its group, by the raw client."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import Consumer, Producer, TopicPartition

from events.conf import kafka_settings
from tests.waiting import wait_until

START_MS = 1_770_000_000_000


def write(topic: str, *values: bytes, partition: int = 0) -> None:
    """Write messages a second apart, the first one at START_MS."""
    producer = Producer({**kafka_settings("producer")})
    for number, value in enumerate(values):
        at_ms = START_MS + 1_000 * number
        producer.produce(topic, value, partition=partition, timestamp=at_ms)
    assert producer.flush(10) == 0


@contextmanager
def a_member(group: str, topics: Sequence[str]) -> Iterator[None]:
    """Be a member of the group that polls and commits nothing."""
    consumer = Consumer(
        {
            **kafka_settings("consumer"),
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    stop, joined = threading.Event(), threading.Event()

    def poll() -> None:
        while not stop.is_set():
            consumer.poll(0.05)
            if consumer.assignment():
                joined.set()
        consumer.close()

    consumer.subscribe(list(topics))
    polling = threading.Thread(target=poll)
    polling.start()
    try:
        wait_until(joined.is_set, timeout_s=20)
        yield
    finally:
        stop.set()
        polling.join(10)


def commit(group: str, topic: str, offset: int, *, partition: int = 0) -> None:
    """Commit an offset as a lone consumer would."""
    consumer = Consumer({**kafka_settings("consumer"), "group.id": group})
    consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)
    consumer.close()

"""Pausing: a partition that comes back to a member flows, however it was when it went."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from events.conf import kafka_settings
from events.kafka.consumer import KafkaConsumer
from tests.conftest import MakeTopic
from tests.waiting import wait_until

PARTITIONS = 2


@contextmanager
def member(group: str, topic: str) -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(
        group=group,
        topics=[topic],
        on_revoke=lambda *_: None,
        overrides={
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "auto.offset.reset": "earliest",  # nobody here looks after what it has lost
        },
    )
    try:
        yield consumer
    finally:
        assert consumer.close(timeout_s=10)


def fetched(consumer: KafkaConsumer) -> set[int]:
    return {each.partition for each in consumer.fetch(100, timeout_s=0.1)}


def test_a_partition_that_left_while_paused_comes_back_flowing(make_topic: MakeTopic) -> None:
    topic, group = make_topic(partitions=PARTITIONS), uuid.uuid4().hex
    with member(group, topic) as first:
        wait_until(lambda: fetched(first) or len(first.assignment) == PARTITIONS, timeout_s=30)
        first.pause(first.assignment)
        with member(group, topic) as second:

            def is_shared() -> bool:
                fetched(first)
                fetched(second)
                return len(first.assignment) == len(second.assignment) == 1

            wait_until(is_shared, timeout_s=30)
            [(_, gone)] = second.assignment
        wait_until(lambda: fetched(first) or len(first.assignment) == PARTITIONS, timeout_s=30)

        producer = Producer(kafka_settings("producer"))
        producer.produce(topic, b"hello", partition=gone)
        producer.flush(10)
        assert wait_until(lambda: fetched(first), timeout_s=10) == {gone}

"""Relays over the real services, stepped by the test itself, and raw reads of topics."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from events.conf import Waybill, kafka_settings
from events.publishing.relay import Relay
from events.topics import EventType, Topic, declare_topic, forget_topic
from tests.integration.publishing.outbox_topic import TOPIC, TYPE
from tests.waiting import wait_until

MakeRelay = Callable[..., Relay]
ReadTopic = Callable[..., list[Message]]


@pytest.fixture
def make_relay(waybill_settings: Callable[..., Waybill]) -> Iterator[MakeRelay]:
    """Make a relay; keyword arguments are settings. Every one is closed at the end."""
    relays: list[Relay] = []

    def make(**changes: Any) -> Relay:
        kafka = changes.pop("kafka", None)
        relays.append(Relay(settings=waybill_settings(**changes), kafka=kafka))
        return relays[-1]

    yield make
    for relay in relays:
        relay.close()


@pytest.fixture
def read_topic() -> Iterator[ReadTopic]:
    """Read what lies in a topic now, partition by partition, in order."""
    consumers: list[Consumer] = []

    def read(topic: str) -> list[Message]:
        consumer = Consumer(
            {**kafka_settings("consumer"), "group.id": "raw", "enable.auto.commit": False}
        )
        consumers.append(consumer)
        partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
        found: list[Message] = []
        for number in partitions:
            partition = TopicPartition(topic, number, 0)
            low, high = consumer.get_watermark_offsets(partition, timeout=10)
            consumer.assign([partition])
            found += [_next(consumer) for _ in range(high - low)]
        return found

    yield read
    for consumer in consumers:
        consumer.close()


def _next(consumer: Consumer) -> Message:
    found: list[Message] = []

    def fetched() -> bool:  # not the message itself: one without a value is false
        message = consumer.poll(0.5)
        if message is not None:
            found.append(message)
        return message is not None

    wait_until(fetched)
    assert found[0].error() is None
    return found[0]


@pytest.fixture
def declared_topic() -> Iterator[None]:
    """The topic of tests.integration.publishing.outbox_topic, for as long as the test runs."""
    declare_topic(Topic(name=TOPIC, types=(EventType(name=TYPE),)))
    yield
    forget_topic(TOPIC)

"""A group with two partitions of messages a second apart, and rows of them as the relay writes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition

from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import Event
from tests.audit_rows import a_publication, an_event
from tests.conftest import MakeTopic
from tests.integration.operating.membership import START_MS, write

TYPE = "thing.happened"
OTHER = "thing.changed"


def second(number: float) -> datetime:
    """The time of message `number` of a partition."""
    return datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(seconds=number)


def handle(event: ReceivedEvent) -> None:
    """Take the event, to no effect."""


@pytest.fixture
def topic(make_topic: MakeTopic) -> Iterator[str]:
    """A topic of ten messages and of five, to which the group of its name subscribes."""
    name = make_topic(TYPE, OTHER, partitions=2)
    write(name, *(b"%d" % number for number in range(10)))
    write(name, *(b"%d" % number for number in range(5)), partition=1)
    for each in (TYPE, OTHER):
        subscribe(name, group=name, type=each)(handle)
    yield name
    for each in (TYPE, OTHER):
        unsubscribe(name, group=name, type=each)


@pytest.fixture
def remove(kafka_admin: AdminClient) -> Any:
    """Have Kafka remove what lies before an offset, as retention does."""

    def remove(topic: str, *, before: int, partition: int = 0) -> None:
        found = kafka_admin.delete_records([TopicPartition(topic, partition, before)])
        for future in found.values():
            future.result(10)

    return remove


def published(topic: str, offset: int, *, partition: int = 0, **fields: Any) -> Event:
    """An event that lies there, published at the time of the message of that number."""
    event = an_event(topic=topic, **{"type": TYPE, **fields})
    at = second(offset + 0.5)
    a_publication(event, partition=partition, offset=offset, published_at=at)
    return event

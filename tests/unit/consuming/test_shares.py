"""Shares: our part of each topic, by what Kafka tells, else by what is declared."""

from collections.abc import Iterator

import pytest

from events.consuming.shares import shares
from events.topics import EventType, Topic, declare_topic, forget_topic

NAME = "shared"


@pytest.fixture(autouse=True)
def declared() -> Iterator[None]:
    declare_topic(Topic(name=NAME, types=(EventType(name="thing.happened"),), partitions=4))
    yield
    forget_topic(NAME)


def test_kafka_knows_best_then_the_declaration_then_nobody() -> None:
    ours = [(NAME, 0), (NAME, 1), ("other", 0)]
    topics = [NAME, "other", "none"]
    assert shares(ours, topics=topics, sizes={}) == {NAME: 0.5, "other": 1.0, "none": 1.0}
    found = shares(ours, topics=topics, sizes={NAME: 8, "other": 2, "none": 3})
    assert found == {NAME: 0.25, "other": 0.5, "none": 0.0}

"""Scratch topics: made for one test, and what lies already in the topics it did not make."""

import uuid
from collections.abc import Collection, Mapping
from functools import partial

from events.consuming.subscriptions import subscriptions
from events.kafka.admin import KafkaTopics
from events.kafka.record import Partition
from events.kafka.topic_plan import CreateTopic
from events.testing.broker import ends, patiently
from events.topics import EventType, Topic, declare_topic, declared_topics, forget_topic

_DEFAULT_TYPE = "thing.happened"


class ScratchTopics:
    """Topics of one test; where each began for it, so that older messages are not its business."""

    def __init__(self) -> None:
        self._kafka = KafkaTopics()
        self._made: list[str] = []
        self._there: set[str] = set()
        declared = {each.name for each in declared_topics()}
        self._began = ends(declared | {each.topic for each in subscriptions()})

    def make(self, *types: str, partitions: int, config: Mapping[str, str]) -> str:
        """Declare a topic of a name nobody uses and create it; returns the name."""
        topic = Topic(
            name=f"test_{uuid.uuid4().hex}",
            types=tuple(EventType(name=each) for each in types or (_DEFAULT_TYPE,)),
            partitions=partitions,
            config=config,
        )
        declare_topic(topic)
        self._made.append(topic.name)
        patiently(lambda: self._kafka.make(CreateTopic(topic=topic)))
        return topic.name

    def create_missing(self, topics: Collection[str]) -> None:
        """Create those of the declared topics that the broker does not have, as declared."""
        wanted = [each for each in declared_topics() if each.name in set(topics) - self._there]
        if not wanted:
            return
        existing = patiently(lambda: self._kafka.existing(wanted))
        for topic in wanted:
            if topic.name not in existing:
                patiently(partial(self._kafka.make, CreateTopic(topic=topic)))
        self._there |= {each.name for each in wanted}

    def beginnings(self, topics: Collection[str]) -> dict[Partition, int]:
        """Return, for each partition, the offset at which it began for this test."""
        return {where: self._began.get(where, 0) for where in ends(topics)}

    def number_of_messages(self, topics: Collection[str]) -> int:
        """Return how many messages the topics got in this test."""
        return sum(end - self._began.get(where, 0) for where, end in ends(topics).items())

    def forget(self) -> None:
        """Undo the declarations of the topics made."""
        for name in self._made:
            forget_topic(name)

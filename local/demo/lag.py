"""GroupLag: how far a consumer group is behind, by the broker's own offsets."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.conf import kafka_settings


class GroupLag:
    """Looks at the group's committed offsets; takes no part in the group.

    Every question to the broker is given up after `answer_within_s`.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        topic: str,
        group: str,
        answer_within_s: float = 10.0,
    ) -> None:
        settings = kafka_settings("consumer", environment=environment)
        # A broker that is away is ours to tell of, not librdkafka's on standard error.
        self._kafka = Consumer({**settings, "group.id": group, "log_level": "0"})
        self._topic = topic
        self._answer_within_s = answer_within_s

    def read(self) -> int:
        """How many messages the group has not committed yet. Raises KafkaException."""
        found = self._kafka.list_topics(self._topic, timeout=self._answer_within_s)
        topic = found.topics[self._topic]
        if topic.error is not None:
            raise KafkaException(topic.error)
        partitions = [TopicPartition(self._topic, number) for number in topic.partitions]
        committed = self._kafka.committed(partitions, timeout=self._answer_within_s)
        return sum(self._behind(each.partition, each.offset) for each in committed)

    def close(self) -> None:
        """Leave the broker."""
        self._kafka.close()

    def _behind(self, partition: int, committed: int) -> int:
        first, end = self._kafka.get_watermark_offsets(
            TopicPartition(self._topic, partition), timeout=self._answer_within_s
        )
        return end - max(committed, first)  # never committed is a negative number

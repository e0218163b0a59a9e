"""Whether everything has settled: nothing waits in the outbox, nothing is unread on Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import psycopg
from confluent_kafka import Consumer, TopicPartition

from events.conf import kafka_settings

_ENTRIES = "SELECT count(*) FROM events_outboxentry WHERE topic = %s AND key = ANY(%s)"
_ANSWER_WITHIN_S = 10.0


class Settled:
    """Looks at the outbox and at the group's committed offsets; takes no part in the group.

    A context manager. Methods raise psycopg.Error and KafkaException.
    """

    def __init__(
        self, *, environment: Mapping[str, str], topic: str, group: str, keys: Sequence[str]
    ) -> None:
        self._database_url = environment["DATABASE_URL"]
        self._kafka = Consumer(
            {**kafka_settings("consumer", environment=environment), "group.id": group}
        )
        self._topic = topic
        self._keys = list(keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kafka.close()

    def backlog(self) -> int:
        """How many outbox entries of these keys wait to be produced."""
        with psycopg.connect(self._database_url) as connection:
            row = connection.execute(_ENTRIES, [self._topic, self._keys]).fetchone()
            return int(row[0]) if row else 0

    def lag(self) -> int:
        """How many messages of the topic the group has not committed yet."""
        found = self._kafka.list_topics(self._topic, timeout=_ANSWER_WITHIN_S)
        partitions = [
            TopicPartition(self._topic, number) for number in found.topics[self._topic].partitions
        ]
        committed = self._kafka.committed(partitions, timeout=_ANSWER_WITHIN_S)
        return sum(self._behind(each.partition, each.offset) for each in committed)

    def _behind(self, partition: int, committed: int) -> int:
        first, end = self._kafka.get_watermark_offsets(
            TopicPartition(self._topic, partition), timeout=_ANSWER_WITHIN_S
        )
        return end - max(committed, first)  # never committed is a negative number

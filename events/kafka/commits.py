"""Commits: what Kafka said to committed offsets, so that what it refused is committed again."""

import logging
from collections.abc import Collection, Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from events.kafka.record import Partition

logger = logging.getLogger(__name__)


class Commits:
    """Collects refusals (the callback only notes them); each outage is said once."""

    def __init__(self) -> None:
        self._refused: dict[Partition, int] = {}
        self._expected: dict[Partition, int] = {}
        self.in_flight = 0  # commits that Kafka was sent and did not answer yet
        self._is_refusing = False

    def send(self, consumer: Consumer, offsets: Mapping[Partition, int], *, wait: bool) -> None:
        """Commit these offsets; with `wait` the answer is here when this returns. Never raises."""
        positions = [TopicPartition(t, p, offset) for (t, p), offset in offsets.items()]
        try:
            if wait:
                self.on_commit(None, consumer.commit(offsets=positions, asynchronous=False))
            else:
                consumer.commit(offsets=positions, asynchronous=True)
                self.in_flight += 1
        except KafkaException as error:
            self.on_commit(error.args[0], positions)

    def answered(self, error: KafkaError | None, positions: Sequence[TopicPartition]) -> None:
        """Note the answer to a commit that was not waited for: librdkafka's on_commit."""
        self.in_flight -= 1
        self.on_commit(error, positions)

    def on_commit(self, error: KafkaError | None, positions: Sequence[TopicPartition]) -> None:
        """Note an answer."""
        refused = [each for each in positions if error is not None or each.error is not None]
        if self._expected and error is None:
            self._note_expected(positions)
        if not refused:
            self._is_refusing = False
            return
        for each in refused:
            self._refused[each.topic, each.partition] = each.offset
        if not self._is_refusing:
            self._is_refusing = True
            logger.warning(
                "Kafka did not take committed offsets; they are committed again while the "
                "partitions are ours, and what comes twice is skipped by the ledger",
                extra={
                    "positions": ", ".join(f"{e.topic}:{e.partition}:{e.offset}" for e in refused),
                    "error": str(error or refused[0].error),
                },
            )

    def expect(self, partition: Partition, offset: int) -> None:
        """Note when Kafka takes this offset."""
        self._expected[partition] = offset

    def is_expected(self, partition: Partition) -> bool:
        """Whether Kafka has still to take the offset that was last expected."""
        return partition in self._expected

    def expect_no_more(self, partitions: Collection[Partition]) -> None:
        """Forget what was expected of partitions that are another's now."""
        for partition in partitions:
            self._expected.pop(partition, None)

    def _note_expected(self, positions: Sequence[TopicPartition]) -> None:
        for each in positions:
            where = (each.topic, each.partition)
            if each.error is None and self._expected.get(where) == each.offset:
                del self._expected[where]

    def take_refused(self) -> dict[Partition, int]:
        """Return what was refused since the last call."""
        refused, self._refused = self._refused, {}
        return refused

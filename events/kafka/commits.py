"""Commits: what Kafka said to committed offsets, so that what it refused is committed again."""

import logging
from collections.abc import Sequence

from confluent_kafka import KafkaError, TopicPartition

from events.kafka.record import Partition

logger = logging.getLogger(__name__)


class Commits:
    """Collects refusals (the callback only notes them); each outage is said once."""

    def __init__(self) -> None:
        self._refused: dict[Partition, int] = {}
        self._is_refusing = False

    def on_commit(self, error: KafkaError | None, positions: Sequence[TopicPartition]) -> None:
        """Note an answer; usable as librdkafka's on_commit."""
        refused = [each for each in positions if error is not None or each.error is not None]
        if not refused:
            self._is_refusing = False
            return
        for each in refused:
            where = (each.topic, each.partition)
            self._refused[where] = max(each.offset, self._refused.get(where, 0))
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

    def take_refused(self) -> dict[Partition, int]:
        """Return what was refused since the last call."""
        refused, self._refused = self._refused, {}
        return refused

"""Shares: which part of each topic is ours, for rates that count for the whole group."""

from collections import Counter
from collections.abc import Collection, Mapping

from events.kafka.record import Partition
from events.topics import declared_topics


def shares(
    ours: Collection[Partition], *, topics: Collection[str], sizes: Mapping[str, int]
) -> dict[str, float]:
    """Return topic -> part (0..1) of its partitions that is ours; 1 where nobody knows.

    `sizes` are the partitions on Kafka; where it did not tell, the declared ones count.
    """
    known = {each.name: each.partitions for each in declared_topics()} | dict(sizes)
    counted = Counter(topic for topic, _ in ours)
    return {
        topic: min(1.0, counted[topic] / known[topic]) if known.get(topic) else 1.0
        for topic in topics
    }

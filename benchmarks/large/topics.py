"""The topics of large data, declared."""

from benchmarks.large.shapes import PARTITIONS, TOPICS
from events.topics import EventType, Topic, declare_topic

for _shape in TOPICS:
    declare_topic(
        Topic(
            name=_shape.name,
            types=tuple(EventType(name=each) for each in _shape.types),
            partitions=PARTITIONS,
            config={"retention.ms": "-1"},  # its days are over, by the records' own times
        )
    )

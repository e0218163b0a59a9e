"""Progress of a replay: how far it is in each partition, and in all of them together."""

from collections.abc import Iterator
from dataclasses import dataclass

from events.models import Replay


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionProgress:
    """What a replay reads of one partition, and where it is; all offsets.

    `first` and `end` are what Kafka had when the replay was asked for, `committed` where the group
    stood then (None: nowhere). Offsets before `first` had been removed.
    """

    topic: str
    partition: int
    from_offset: int
    to_offset: int
    first: int
    end: int
    committed: int | None
    position: int

    @property
    def offsets(self) -> int:
        """How many offsets there are to pass."""
        return max(0, self.to_offset - self.from_offset)

    @property
    def passed(self) -> int:
        """How many of them were passed."""
        return min(max(0, self.position - self.from_offset), self.offsets)


def partitions_of(replay: Replay) -> tuple[PartitionProgress, ...]:
    """Return each partition of the replay's plan, in its order."""
    return tuple(_partitions(replay))


def progress_of(replay: Replay) -> float:
    """Return how much of the replay's offsets were passed, 0 to 1; 1 if there are none."""
    rows = partitions_of(replay)
    offsets = sum(row.offsets for row in rows)
    return sum(row.passed for row in rows) / offsets if offsets else 1.0


def _partitions(replay: Replay) -> Iterator[PartitionProgress]:
    for row in replay.plan:
        topic, partition = row["topic"], row["partition"]
        yield PartitionProgress(
            topic=topic,
            partition=partition,
            from_offset=row["from"],
            to_offset=row["to"],
            first=row["first"],
            end=row["end"],
            committed=row["committed"],
            position=replay.positions.get(f"{topic}:{partition}", row["from"]),
        )

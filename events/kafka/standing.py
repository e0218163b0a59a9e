"""Where a group stands on Kafka: its members and, for each partition, what it has still to do."""

from dataclasses import dataclass

from events.kafka.record import Partition


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A living member as Kafka knows it."""

    client_id: str
    host: str
    partitions: frozenset[Partition]


@dataclass(frozen=True, kw_only=True, slots=True)
class PartitionStanding:
    """Offsets of one partition; `committed` is None where the group never committed.

    `end` is the offset after the last message a consumer may read (read_committed), and `lag` what
    lies before it and is not done: from `committed`, or from `first` where that is later.
    """

    topic: str
    partition: int
    committed: int | None
    first: int
    end: int

    @property
    def lag(self) -> int:
        """How many offsets the group has still to go."""
        return max(0, self.end - max(self.first, self.committed or 0))


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupStanding:
    """A group on Kafka; `state` is Kafka's word in small letters: stable, empty, dead, …

    Topics that are not on Kafka have no partitions here.
    """

    state: str
    members: tuple[Member, ...]
    partitions: tuple[PartitionStanding, ...]

"""Fetched ahead: the records that the worker was not given yet."""

from collections.abc import Collection, Sequence

from events.kafka.record import Partition, Record


class FetchedAhead:
    """In fetched order; used by the polling thread only."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def __len__(self) -> int:
        return len(self._records)

    @property
    def size(self) -> int:
        """Bytes of all records."""
        return sum(each.size for each in self._records)

    def add(self, records: Sequence[Record]) -> None:
        """Put these behind the others."""
        self._records += records

    def take(self) -> list[Record]:
        """Take all."""
        taken, self._records = self._records, []
        return taken

    def holds(self, partition: Partition) -> bool:
        """Whether a record of the partition is among them."""
        return any(each.where == partition for each in self._records)

    def drop(self, partitions: Collection[Partition]) -> None:
        """Throw away those of these partitions: they are fetched again."""
        if self._records:
            self._records = [each for each in self._records if each.where not in partitions]

"""Positions: the next undone offset of each partition, where a pause has it fetched again."""

from collections.abc import Collection, Sequence

from events.kafka.record import Partition, Record


class Positions:
    """Used by the polling thread; others may read single values."""

    def __init__(self) -> None:
        self._next: dict[Partition, int] = {}

    def of(self, partition: Partition) -> int | None:
        """Return the offset, or None as long as nothing was fetched."""
        return self._next.get(partition)

    def begin(self, records: Sequence[Record]) -> None:
        """Note the first record of each partition that is new."""
        firsts = {(each[0], each[1]): each[2] for each in reversed(records)}
        for partition, offset in firsts.items():
            self._next.setdefault(partition, offset)

    def move(self, partition: Partition, offset: int) -> None:
        """Note where the partition goes on."""
        self._next[partition] = offset

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop what is another's now."""
        for partition in partitions:
            self._next.pop(partition, None)

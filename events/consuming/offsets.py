"""Offsets: how far each partition is done in the database, and what Kafka knows of it."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from events.kafka.record import Partition


@dataclass(kw_only=True, slots=True)
class Offsets:
    """Offsets of the next message to read; used by the polling thread only.

    They are stored after the database commit and never run ahead of a message still in work.
    """

    interval_s: float
    clock: Callable[[], float] = time.monotonic
    _stored: dict[Partition, int] = field(default_factory=dict)
    _taken: dict[Partition, int] = field(default_factory=dict)
    _committed_at: float = float("-inf")

    def store(self, partition: Partition, next_offset: int) -> None:
        """Note that everything before `next_offset` is done."""
        self._stored[partition] = next_offset

    def restore(self, refused: Mapping[Partition, int]) -> None:
        """Store again what Kafka refused, unless something newer is stored or under way.

        Newer is not always higher: after a seek it may be lower.
        """
        for partition, next_offset in refused.items():
            if self._taken.get(partition, next_offset) == next_offset:
                self._stored.setdefault(partition, next_offset)

    def due(self) -> dict[Partition, int]:
        """Return what to commit now, if the interval has passed; it counts as committed."""
        if not self._stored or self.clock() - self._committed_at < self.interval_s:
            return {}
        return self.take(tuple(self._stored))

    def take(self, partitions: Collection[Partition]) -> dict[Partition, int]:
        """Return what these partitions have stored since the last commit."""
        self._committed_at = self.clock()
        taken = {
            partition: self._stored.pop(partition)
            for partition in partitions
            if partition in self._stored
        }
        self._taken |= taken
        return taken

    def take_all(self) -> dict[Partition, int]:
        """Return all that is stored since the last commit."""
        return self.take(tuple(self._stored))

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop what belongs to another consumer now."""
        for partition in partitions:
            self._stored.pop(partition, None)
            self._taken.pop(partition, None)

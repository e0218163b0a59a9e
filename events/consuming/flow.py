"""Flow: which partitions are fetched from, and which stand still, why and until when."""

import time
from collections.abc import Callable, Collection

from events.consuming.progress import Wait
from events.kafka.consumer import KafkaConsumer
from events.kafka.record import Partition


class Flow:
    """Pauses and resumes for the polling thread.

    A partition stands still while one of three reasons holds: its message waits to be tried again
    (it is rewound to it), slow work stops all, or it is closed (paused by people, or Kafka's and
    the group's positions have to be brought together first). `pause` drops what was prefetched,
    so it is used for nothing else, and never twice.
    """

    def __init__(
        self, kafka: KafkaConsumer, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kafka = kafka
        self._clock = clock
        self._due_at: dict[Partition, float] = {}
        self._stopped: frozenset[Partition] = frozenset()
        self.closed: frozenset[Partition] = frozenset()
        self._standing: frozenset[Partition] = frozenset()  # as Kafka's client knows it

    @property
    def is_waiting(self) -> bool:
        """Whether a partition that is not closed waits for a message to be tried again."""
        return not self._due_at.keys() <= self.closed

    def hold(self, wait: Wait) -> None:
        """Come back to the message later, and stand still in its partition until then."""
        partition = (wait.position.topic, wait.position.partition)
        self._kafka.rewind(wait.position)
        self._due_at[partition] = self._clock() + wait.delay_s
        self._apply()

    def release_due(self) -> None:
        """Fetch again from the partitions whose time has come."""
        if not self._due_at:
            return
        now = self._clock()
        due = {partition for partition, at in self._due_at.items() if at <= now}
        if due:
            self.wait_no_more(due)

    def wait_no_more(self, partitions: Collection[Partition]) -> None:
        """Forget the messages that wait in these partitions: other ones come next."""
        for partition in partitions:
            self._due_at.pop(partition, None)
        self._apply()

    def next_due_s(self, most_s: float) -> float:
        """Return how long nothing is due, at most `most_s`."""
        due_at = [at for partition, at in self._due_at.items() if partition not in self.closed]
        if not due_at:
            return most_s
        return max(0.0, min(most_s, min(due_at) - self._clock()))

    def stop_all(self) -> None:
        """Stand still in every partition, also in ones that came since the last call."""
        if not self._kafka.assignment <= self._stopped:
            self._stopped |= self._kafka.assignment
            self._apply()

    def start_all(self) -> None:
        """Go on in every partition in which no message waits and that is not closed."""
        if self._stopped:
            self._stopped = frozenset()
            self._apply()

    def close(self, partitions: frozenset[Partition]) -> None:
        """Have exactly these partitions closed."""
        if partitions != self.closed:
            self.closed = partitions
            self._apply()

    def arrive(self, new: frozenset[Partition], *, closed: frozenset[Partition]) -> None:
        """Note new partitions, of which Kafka's client stands still in `closed`, and no others."""
        self.closed = (self.closed - new) | closed
        self._stopped -= new
        self._standing = (self._standing - new) | closed

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop what was known of partitions that are another's now."""
        gone = frozenset(partitions)
        self._stopped -= gone
        self.closed -= gone
        self._standing -= gone
        for partition in gone:
            self._due_at.pop(partition, None)

    def _apply(self) -> None:
        wanted = (self._stopped | self.closed | self._due_at.keys()) & self._kafka.assignment
        if more := wanted - self._standing:
            self._kafka.pause(more)
        if fewer := self._standing - wanted:
            self._kafka.resume(fewer)
        self._standing = wanted

"""Flow: which partitions are fetched from, and which stand still and until when."""

import time
from collections.abc import Callable, Collection

from events.consuming.progress import Wait
from events.kafka.consumer import KafkaConsumer
from events.kafka.record import Partition


class Flow:
    """Pauses and resumes for the polling thread.

    A partition whose message waits is rewound to it and paused until it is due. Slow work pauses
    all: `pause` drops what was prefetched, so it is used for nothing else.
    """

    def __init__(
        self, kafka: KafkaConsumer, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kafka = kafka
        self._clock = clock
        self._due_at: dict[Partition, float] = {}
        self._stopped: frozenset[Partition] = frozenset()

    @property
    def is_waiting(self) -> bool:
        """Whether a partition waits for a message to be tried again."""
        return bool(self._due_at)

    def hold(self, wait: Wait) -> None:
        """Come back to the message later, and stand still in its partition until then."""
        partition = (wait.position.topic, wait.position.partition)
        self._kafka.rewind(wait.position)
        self._kafka.pause([partition])
        self._due_at[partition] = self._clock() + wait.delay_s

    def release_due(self) -> None:
        """Fetch again from the partitions whose time has come."""
        now = self._clock()
        due = {partition for partition, at in self._due_at.items() if at <= now}
        for partition in due:
            del self._due_at[partition]
        self._kafka.resume(due - self._stopped)

    def next_due_s(self, most_s: float) -> float:
        """Return how long nothing is due, at most `most_s`."""
        if not self._due_at:
            return most_s
        return max(0.0, min(most_s, min(self._due_at.values()) - self._clock()))

    def stop_all(self) -> None:
        """Stand still in every partition, also in ones that came since the last call."""
        new = self._kafka.assignment - self._stopped
        self._kafka.pause(new)
        self._stopped |= new

    def start_all(self) -> None:
        """Go on in every partition in which no message waits."""
        if self._stopped:
            self._kafka.resume(self._stopped - self._due_at.keys())
            self._stopped = frozenset()

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop what was known of partitions that are another's now."""
        self._stopped -= frozenset(partitions)
        for partition in partitions:
            self._due_at.pop(partition, None)

"""The window: what is in flight to Kafka, bounded so that no topic can stop another."""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from events.publishing.entry import Entry

# A topic gets new entries when this share of the window is free for it: few, well filled reads.
LEAST_ROOM = 0.1


@dataclass(slots=True)
class _Lane:
    """One topic. As long as nothing proves that it takes records, one is sent at a time.

    So a dead topic leaves the window free, keys keep their order through a failure, and of a batch
    that the broker refused the one culprit is found.
    """

    entries: int = 0
    size: int = 0
    is_proven: bool = False
    one_by_one: int = 0  # so many are sent alone before the lane can be proven
    failures: int = 0
    rests_until: float = float("-inf")


class Window:
    """In flight are entries that were handed to Kafka and are not yet marked in the database.

    A topic may hold as much as is still free: k stuck topics leave 1 / (k + 1) to the others.
    """

    def __init__(
        self,
        *,
        entries: int,
        size: int,
        max_backoff_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free_entries = self._most_entries = entries
        self._free_size = self._most_size = size
        self._max_backoff_s = max_backoff_s
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._in_flight: dict[int, Entry] = {}
        self._has_opened = False

    def __len__(self) -> int:
        return len(self._in_flight)

    @property
    def sequences(self) -> Collection[int]:
        """What is in flight."""
        return self._in_flight.keys()

    @property
    def buckets(self) -> set[int]:
        """The buckets of what is in flight."""
        return {entry.bucket for entry in self._in_flight.values()}

    @property
    def room_bytes(self) -> int:
        """How many bytes may still be read."""
        return max(self._free_size, 0)

    @property
    def is_saturated(self) -> bool:
        """Whether a topic in good order has as many in flight as it may."""
        return any(
            lane.entries and not lane.failures and self._is_closed(lane, float("inf"))
            for lane in self._lanes.values()
        )

    @property
    def room(self) -> int:
        """How many entries may still be read."""
        return max(self._free_entries, 0)

    def room_of(self, topic: str) -> int:
        """Return how many entries of the topic should be read now."""
        lane = self._lanes.get(topic)
        if lane is None:
            return 1
        if self._is_closed(lane, self._clock()):
            return 0
        return self._free_entries - lane.entries if lane.is_proven else 1

    def admits(self, entry: Entry) -> bool:
        """Whether the entry may be sent now."""
        lane = self._lanes.get(entry.topic)
        if lane is None or not lane.entries:
            return lane is None or lane.rests_until <= self._clock()
        return (
            lane.is_proven
            and lane.entries < self._free_entries
            and lane.size + entry.size <= self._free_size
        )

    def add(self, entry: Entry) -> None:
        """Note that the entry is in flight."""
        lane = self._lanes.get(entry.topic)
        if lane is None:
            lane = self._lanes[entry.topic] = _Lane()
        lane.entries += 1
        lane.size += entry.size
        self._free_entries -= 1
        self._free_size -= entry.size
        self._in_flight[entry.sequence] = entry

    def remove(self, sequences: Iterable[int]) -> int:
        """Note that the outbox knows the end of these entries; return how many were in flight."""
        removed = 0
        for sequence in sequences:
            entry = self._in_flight.pop(sequence, None)
            if entry is None:
                continue
            lane = self._lanes[entry.topic]
            lane.entries -= 1
            lane.size -= entry.size
            self._free_entries += 1
            self._free_size += entry.size
            removed += 1
            self._has_opened |= not lane.is_proven and not lane.entries
        return removed

    def release(self, sequence: int) -> None:
        """Note that the entry is to be read again: nobody said anything of it."""
        self.remove([sequence])
        self._has_opened = True

    def has_opened(self) -> bool:
        """Whether, since the last call, there came to be entries that an earlier look left out."""
        has_opened, self._has_opened = self._has_opened, False
        return has_opened

    def delivered(self, topic: str) -> None:
        """Note that Kafka took a record of the topic."""
        lane = self._lanes[topic]
        lane.one_by_one = max(lane.one_by_one - 1, 0)
        self._has_opened |= not lane.is_proven
        lane.is_proven = lane.one_by_one == 0
        lane.failures = 0

    def is_proven(self, topic: str) -> bool:
        """Whether Kafka is known to take the topic's records."""
        return topic in self._lanes and self._lanes[topic].is_proven

    def is_alone(self, entry: Entry) -> bool:
        """Whether the entry is its topic's only one in flight, so that a refusal means it."""
        return self._lanes[entry.topic].entries == 1

    def failed(self, topic: str) -> None:
        """Let the topic rest, doubling from half a second: Kafka does not take its records."""
        lane = self._lanes[topic]
        lane.is_proven = False
        if lane.rests_until <= self._clock():  # the first one of a whole batch
            lane.failures += 1
            lane.rests_until = self._clock() + self.backoff_s(lane.failures)

    def suspect(self, topic: str) -> None:
        """Send as many of the topic's records one by one, at once, as were refused together."""
        lane = self._lanes[topic]
        lane.is_proven = False
        lane.one_by_one += 1

    def backoff_s(self, failures: int) -> float:
        """Return how long to wait after so many failures, in seconds."""
        return min(0.5 * 2.0 ** min(failures - 1, 32), self._max_backoff_s)

    def _is_closed(self, lane: _Lane, now: float) -> bool:
        if not lane.is_proven:
            return lane.entries > 0 or lane.rests_until > now
        return self._is_filled(lane)

    def _is_filled(self, lane: _Lane) -> bool:
        return (
            self._free_entries - lane.entries < LEAST_ROOM * self._most_entries
            or self._free_size - lane.size < LEAST_ROOM * self._most_size
        )

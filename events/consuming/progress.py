"""Progress: what the worker tells the polling thread, and what that thread tells the worker."""

import threading
import time
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from events.event import Position
from events.kafka.record import Partition


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """Everything of the partition before `next_offset` is done and committed in the database."""

    partition: Partition
    next_offset: int
    messages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """The message at `position`, and what follows it in its partition, waits for `delay_s`."""

    position: Position
    delay_s: float


Report = Done | Wait


class Progress:
    """Shared by the worker and the polling thread; every method is safe from both."""

    def __init__(self) -> None:
        self._reports: deque[Report] = deque()
        self._left: frozenset[Partition] = frozenset()
        self._working_on: frozenset[Partition] = frozenset()
        self._message: tuple[float, float] | None = None
        self.news = threading.Event()
        self.stop = threading.Event()
        self.look_now = threading.Event()  # have the keeper look at what people asked for at once
        # Partitions that are ours and not paused: letters of others are left alone.
        self.open_partitions: frozenset[Partition] = frozenset()
        # Which part of a topic's partitions is ours, for rates that count for the whole group.
        self.shares: Mapping[str, float] = {}

    # --- the worker's side ----------------------------------------------------------------

    def report(self, *reports: Report) -> None:
        """Tell the polling thread, and wake it."""
        self._reports.extend(reports)
        self.news.set()

    def must_leave(self, partition: Partition) -> bool:
        """Whether no further message of the partition may be begun."""
        return self.stop.is_set() or partition in self._left

    def working_on(self, partitions: Collection[Partition]) -> None:
        """Say which partitions the unit of work in hand touches; none when it ended."""
        self._working_on = frozenset(partitions)
        self.news.set()

    def message_began(self, *, deadline_s: float) -> None:
        """Start the clock of the handler's deadline."""
        self._message = (time.monotonic(), deadline_s)

    def message_ended(self) -> None:
        """Stop the clock of the handler's deadline."""
        self._message = None

    # --- the polling thread's side --------------------------------------------------------

    def collect(self) -> list[Report]:
        """Take all reports there are."""
        self.news.clear()
        taken = []
        while self._reports:
            taken.append(self._reports.popleft())
        return taken

    @property
    def has_reports(self) -> bool:
        """Whether there is something to collect."""
        return bool(self._reports)

    def leave(self, partitions: Collection[Partition]) -> None:
        """Have the worker begin nothing more of these partitions in its present batch.

        No letter of theirs either, before they are said to be open again.
        """
        self._left = self._left | set(partitions)
        self.open_partitions = self.open_partitions - set(partitions)

    def new_batch(self) -> None:
        """Forget what was left; only while the worker is idle."""
        self._left = frozenset()

    def is_working_on(self, partitions: Collection[Partition]) -> bool:
        """Whether the unit of work in hand touches one of these partitions."""
        return not self._working_on.isdisjoint(partitions)

    def overdue_s(self) -> float | None:
        """Return the deadline that the handler at work has passed, in seconds; None if none."""
        message = self._message
        if message is None:
            return None
        since, deadline_s = message
        return deadline_s if time.monotonic() - since > deadline_s else None

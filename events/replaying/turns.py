"""Turns: what a replay does at once is short, so that it is counted and paused in time."""

import time

from events.consuming.progress import Progress
from events.kafka.record import Partition

TURN_S = 1.0  # of handlers' work; then what is done is counted, and the rest is looked at again


class Turns(Progress):
    """A batch is left some time after its first handler began, or when its turn is ended."""

    def __init__(self) -> None:
        super().__init__()
        self._is_ended = False
        self._ends_at: float | None = None

    def new_batch(self) -> None:
        """Begin a turn."""
        super().new_batch()
        self._is_ended = False
        self._ends_at = None

    def message_began(self, *, deadline_s: float) -> None:
        """Start the clocks of the handler's deadline and, with the first handler, of the turn."""
        super().message_began(deadline_s=deadline_s)
        if self._ends_at is None:
            self._ends_at = time.monotonic() + TURN_S

    def must_leave(self, partition: Partition) -> bool:
        """Whether no further message of the partition may be begun in this turn."""
        is_over = self._ends_at is not None and time.monotonic() >= self._ends_at
        return self._is_ended or is_over or super().must_leave(partition)

    def end_turn(self) -> None:
        """Have nothing more begun in this turn."""
        self._is_ended = True

"""A replay's storm: too many dead letters at once pause it, and never the living group."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from events.replaying.turns import Turns


@dataclass(kw_only=True, slots=True)
class ReplayStorm:
    """Says when a replay has `most` dead letters within `window_s`; 0: never. One thread.

    It ends the turn then, so that no more of them come before the replay is paused.
    """

    most: int
    window_s: float
    turns: Turns
    clock: Callable[[], float] = time.monotonic
    _letters: deque[float] = field(default_factory=deque)

    def watch(self) -> None:
        """Count a letter."""
        self._letters.append(self.clock())
        while len(self._letters) > max(1, self.most):
            self._letters.popleft()
        if self.has_come:
            self.turns.end_turn()

    @property
    def has_come(self) -> bool:
        """Whether there were so many letters; asked between units of work."""
        is_full = 0 < self.most <= len(self._letters)
        return is_full and self.clock() - self._letters[0] <= self.window_s

    def is_over(self) -> None:
        """Count anew: people have looked."""
        self._letters.clear()

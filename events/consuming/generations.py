"""Generations: a letter runs on the ledger rows of its own, a forced replay's or the group's."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from events.consuming.delivery import Delivery
from events.consuming.retrying import Outcome
from events.consuming.single import Single
from events.models.consumption import LIVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Generations:
    """Runs one message by itself in its generation. One thread."""

    live: Single
    of_replay: Callable[[UUID], Single]
    _made: dict[UUID, Single] = field(default_factory=dict)

    def run(self, delivery: Delivery) -> Outcome:
        """Do one attempt, as `Single.run`."""
        generation = delivery.generation
        if generation == LIVE:
            return self.live.run(delivery)
        if generation not in self._made:
            self._made.clear()  # letters of one replay come together, years of them do not
            self._made[generation] = self.of_replay(generation)
        return self._made[generation].run(delivery)

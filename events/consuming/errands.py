"""Errands: letters run through the inbox, between the units of work that come from Kafka."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from django.db import transaction

from events.consuming import dead_letters
from events.consuming.closed_keys import ClosedKeys
from events.consuming.decoding import Decoder
from events.consuming.delivery import Delivery, Item, Undecodable
from events.consuming.letters import Due, Glance, Letters, ReleasedKey
from events.consuming.progress import Progress
from events.consuming.rates import Rates
from events.consuming.retrying import Outcome, Retrying
from events.consuming.storms import Lookout
from events.kafka.record import Partition

VISIT_S = 0.2  # what comes from Kafka waits no longer for a visit (and the letter in hand)

RunOne = Callable[[Delivery], Outcome]


@dataclass(kw_only=True, slots=True)
class Errands:
    """Runs redriven letters and what is held behind released keys, of our open partitions.

    At most every `every_s` seconds while there is other work. The ledger decides as for any
    message, so that whoever else runs the same letter, or ran it before, takes no second effect.
    """

    group: str
    letters: Letters
    closed_keys: ClosedKeys
    decoder: Decoder
    run_one: RunOne
    progress: Progress
    retrying: Retrying
    rates: Rates
    storms: Lookout
    every_s: float
    clock: Callable[[], float] = time.monotonic
    _next_at: float = float("-inf")
    _ends_at: float = 0.0
    _waiting: dict[UUID, float] = field(default_factory=dict)  # letters and keys, until when
    _clear_of: frozenset[Partition] | None = None

    @property
    def is_clear(self) -> bool:
        """Whether nothing in our open partitions was left to do, now or later, when it looked."""
        return self._clear_of == self.progress.open_partitions

    def run_if_due(self) -> None:
        """Look, if it is time, and run what is due; stops at the end of a visit."""
        if self.clock() >= self._next_at:
            self.visit()

    def visit(self) -> bool:
        """Look now; returns whether something was run, so that looking again is worth while.

        Raises Abandoned if told to stop while the database is away.
        """
        now = self.clock()
        self._next_at, self._ends_at = now + self.every_s, now + VISIT_S
        self._waiting = {each: at for each, at in self._waiting.items() if at > now}
        looked_at = self.progress.open_partitions
        found = self.retrying.through_outages(self._glance)
        has_run = False
        if found.has_redriving:
            has_run |= any([*self._redriving()])
        if found.has_released:
            has_run |= any([*self._released()])
        self._clear_of = None if has_run or self._waiting else looked_at
        return has_run

    def look_soon(self) -> None:
        """Look at the next chance: something was set aside."""
        self._next_at = float("-inf")
        self.look_again()

    def look_again(self) -> None:
        """Be clear no more before the next look, whenever that is."""
        self._clear_of = None

    def next_in_s(self) -> float:
        """Return in how many seconds there is a reason to look."""
        return max(0.0, min([self._next_at, *self._waiting.values()]) - self.clock())

    def _glance(self) -> Glance:
        found = self.letters.glance()
        self.closed_keys.refresh(found.version)
        return found

    def _redriving(self) -> Iterator[bool]:
        while due := self.retrying.through_outages(self._due_redriving):
            for each in due:
                if self._is_over():
                    return
                self._run(each, waits=each.id)
                yield True

    def _released(self) -> Iterator[bool]:
        while keys := self.retrying.through_outages(self._due_released):
            for key in keys:
                if self._is_over():
                    return
                if key.first is None:
                    opens = partial(self.closed_keys.open_if_empty, key.id)
                    if not self.retrying.through_outages(opens):
                        self._waiting[key.id] = self.clock() + self.every_s
                else:
                    self._run(key.first, waits=key.id)
                yield True

    def _due_redriving(self) -> list[Due]:
        return self.letters.redriving(self.progress.open_partitions, but=self._waiting)

    def _due_released(self) -> list[ReleasedKey]:
        return self.letters.released(self.progress.open_partitions, but=self._waiting)

    def _is_over(self) -> bool:
        return self.progress.stop.is_set() or self.clock() > self._ends_at

    def _run(self, due: Due, *, waits: UUID) -> None:
        """Run one letter; if it has to wait, `waits` (it, or its key) is left alone meanwhile."""
        # Said first: whoever revokes or pauses the partition after this look waits for us.
        self.progress.working_on({due.partition})
        try:
            delay_s: float | None = self.every_s
            if due.partition in self.progress.open_partitions:
                delay_s = self._run_letter(due)
        finally:
            self.progress.working_on(())
        if delay_s is not None:
            self._waiting[waits] = self.clock() + delay_s

    def _run_letter(self, due: Due) -> float | None:
        read = self.retrying.through_outages(lambda: self.letters.read(due.id))
        if read is None:
            return None
        item = self.decoder.decode(read.record, replay=read.replay, generation=read.generation)
        item.letter = due.id
        if not isinstance(item, Delivery):
            self.retrying.through_outages(lambda: self._refuse(item))
            return None
        if not self.rates.take(item.subscription, wanted=1):
            return self.rates.wait_s(item.subscription)
        return self.run_one(item).delay_s

    def _refuse(self, item: Item) -> None:
        with transaction.atomic():
            if isinstance(item, Undecodable):
                if dead_letters.bury_undecodable(item, group=self.group):
                    self.storms.watch()
            else:
                result = "not run: no handler of the group takes this type any more"
                dead_letters.hand_back(item, result=result)

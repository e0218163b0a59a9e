"""Lost places: partitions of which Kafka has nothing where the group is, until it goes on."""

from collections.abc import Collection
from itertools import count

from events.consuming.exchange import Exchange, Lost, News
from events.consuming.fetched_ahead import FetchedAhead
from events.consuming.offsets import Offsets
from events.consuming.positions import Positions
from events.event import Position
from events.kafka.consumer import KafkaConsumer
from events.kafka.record import Partition


class LostPlaces:
    """Used by the polling thread: asks the keeper where to go on, and goes there."""

    def __init__(
        self,
        *,
        kafka: KafkaConsumer,
        offsets: Offsets,
        positions: Positions,
        ahead: FetchedAhead,
        exchange: Exchange,
    ) -> None:
        self._kafka = kafka
        self._offsets = offsets
        self._positions = positions
        self._ahead = ahead
        self._exchange = exchange
        self._numbers = count(1)
        self._new: dict[Partition, int | None] = {}
        self._asked: dict[Partition, Lost] = {}
        self._moved: dict[Partition, int] = {}
        self._again: set[Partition] = set()
        self._has_begun = False

    @property
    def partitions(self) -> frozenset[Partition]:
        """Those that stand still."""
        return frozenset(self._new.keys() | self._asked.keys() | self._again)

    def step(self, news: News, *, busy: Collection[Partition], is_idle: bool) -> bool:
        """Ask and go on where that is possible; True if anything changed.

        Partitions that are `busy` are moved by somebody else.
        """
        changed = self._note()
        if self._again:
            changed |= self._go_again(is_idle=is_idle)
        if self._new and is_idle:
            changed |= self._ask()
        for partition, found in news.found.items():
            if partition not in busy and self._asked.get(partition) == found.lost:
                changed |= self.move(partition, found.offset, is_idle=is_idle)
                self._has_begun = True
        if self._has_begun and not self._kafka.commits.in_flight:
            self._has_begun = False
            self._exchange.look_at_topics.set()
        return changed

    def move(self, partition: Partition, offset: int, *, is_idle: bool) -> bool:
        """Have the partition go on at the offset, and commit that; False: try again later."""
        if not self._go_to(partition, offset, is_idle=is_idle):
            return False
        self._drop(partition)
        self._moved[partition] = offset
        self._positions.move(partition, offset)
        self._offsets.forget([partition])
        self._offsets.store(partition, offset)
        self._kafka.commits.expect(partition, offset)
        self._kafka.commit(self._offsets.take([partition]), wait=False)
        return True

    def forget(self, partitions: Collection[Partition]) -> None:
        """Drop what is another's now."""
        for partition in partitions:
            self._drop(partition)
            self._moved.pop(partition, None)

    def _note(self) -> bool:
        lost = self._kafka.take_lost()
        for partition, at in lost.items():
            asked = self._asked.get(partition)
            if self._is_late(partition, at):
                self._again.add(partition)
            elif asked is None or asked.at != at:
                self._new[partition] = at
        return bool(lost)

    def _is_late(self, partition: Partition, at: int | None) -> bool:
        """Whether this is about the place before the one it was moved to.

        Kafka's client may have looked for that one when it was moved, and goes nowhere then.
        """
        moved = self._moved.get(partition)
        return moved not in (None, at) and moved == self._positions.of(partition)

    def _go_again(self, *, is_idle: bool) -> bool:
        before = len(self._again)
        for partition in tuple(self._again):
            offset = self._positions.of(partition)
            if offset is None or self._go_to(partition, offset, is_idle=is_idle):
                self._again.discard(partition)
        return len(self._again) < before

    def _ask(self) -> bool:
        """Ask about partitions of which nothing is in hand: what was fetched is done first."""
        ready = [each for each in self._new if not self._ahead.holds(each)]
        for partition in ready:
            at, undone = self._new.pop(partition), self._positions.of(partition)
            if at is not None and undone is not None:
                at = min(at, undone)  # a message waits to be tried again, or was dropped
            number = next(self._numbers)
            self._asked[partition] = Lost(partition=partition, at=at, number=number)
        self._exchange.lost = dict(self._asked)
        return bool(ready)

    def _go_to(self, partition: Partition, offset: int, *, is_idle: bool) -> bool:
        is_lost = partition in self.partitions
        if not is_lost and self._kafka.rewind(Position(*partition, offset)):
            return True
        if self._kafka.is_incremental:
            return self._kafka.assign_anew({partition: offset})
        # All go on anew: only while the worker has nothing of them that would come twice.
        if not is_idle:
            return False
        others = self._kafka.assignment - {partition}
        self._ahead.drop(others - self.partitions)
        places = {each: self._place_of(each) for each in others}
        return self._kafka.assign_anew({**places, partition: offset})

    def _place_of(self, partition: Partition) -> int | None:
        if partition in self._new:
            return self._new[partition]
        if partition in self._asked:
            return self._asked[partition].at
        return self._positions.of(partition)

    def _drop(self, partition: Partition) -> None:
        self._new.pop(partition, None)
        self._again.discard(partition)
        if self._asked.pop(partition, None) is not None:
            self._exchange.lost = dict(self._asked)

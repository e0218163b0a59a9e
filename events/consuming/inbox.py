"""Inbox: applies each fetched message once per group, and tells how far each partition is done."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from django.db import transaction

from events.conf import Waybill
from events.consuming.batch import Batch, Kind
from events.consuming.chunk import ChunkDone, DatabaseChunk, HandlerFailed
from events.consuming.closed_keys import ClosedKeys
from events.consuming.dead_letters import bury_undecodable
from events.consuming.decoding import Decoder
from events.consuming.dedupe import Memory
from events.consuming.delivery import Delivery, Item, Undecodable
from events.consuming.holding import hold_in_order
from events.consuming.in_hand import InHandNotes
from events.consuming.progress import Done, Progress, Wait
from events.consuming.rates import Allowance
from events.consuming.retrying import Outcome, Retrying
from events.consuming.single import Single, mark_of
from events.consuming.skipping import record_skips
from events.consuming.storms import Lookout
from events.kafka.record import Partition, Record


class Beside(Protocol):
    """What is done between the units of work."""

    def run_if_due(self) -> None:
        """Look whether there is something to do, if it is time."""

    def look_soon(self) -> None:
        """Look at the next chance: something was set aside."""


@dataclass(kw_only=True, slots=True)
class Inbox:
    """Used by one worker thread; `apply` returns when every message is done, waits or was left."""

    group: str
    settings: Waybill
    decoder: Decoder
    dedupe: Memory
    in_hand: InHandNotes
    chunk: DatabaseChunk
    single: Single
    closed_keys: ClosedKeys
    errands: Beside
    storms: Lookout
    rates: Allowance
    retrying: Retrying
    progress: Progress
    _chunk_messages: int = 0

    def __post_init__(self) -> None:
        self._chunk_messages = self.settings.chunk_messages

    def apply(self, records: Sequence[Record]) -> None:
        """Do what is to be done with these records, in the order of each partition.

        Raises Abandoned if told to stop while the database is away.
        """
        self.apply_items(map(self.decoder.decode, records))

    def apply_items(self, decoded: Iterable[Item]) -> None:
        """As `apply`, of what is decoded already."""
        items = deque(decoded)
        partitions = {item.partition for item in items}
        if self.retrying.through_outages(lambda: self.in_hand.look(partitions)):
            # Another process may have closed keys of what was its own until now.
            self.retrying.through_outages(self.closed_keys.refresh)
        batch = Batch(
            items=items,
            done=self._done_already(items),
            must_leave=self.progress.must_leave,
            is_suspect=lambda delivery: self.in_hand.is_suspect(delivery.record.position),
            is_held=self.closed_keys.holds,
        )
        while unit := self._next_unit(batch):
            try:
                self._do(*unit, batch)
            finally:
                self.progress.working_on(())
            self.errands.run_if_due()

    def forget(self, partitions: frozenset[Partition]) -> None:
        """Look again at what was left in hand when these partitions come back."""
        self.in_hand.forget(partitions)

    def _next_unit(self, batch: Batch) -> tuple[Kind, list[Item]] | None:
        # Said before the items are looked at: whoever revokes a partition after this look waits.
        self.progress.working_on({item.partition for item in batch.items})
        unit = batch.next_unit(self._most)
        self.progress.working_on({item.partition for item in unit[1]} if unit else ())
        return unit

    def _most(self, kind: Kind) -> int:
        limits = {
            Kind.DATABASE: self._chunk_messages,
            Kind.EXTERNAL: self.settings.external_chunk,
            Kind.SETTLED: self.settings.fetch_messages,
            Kind.HELD: self.settings.chunk_messages,
        }
        return limits.get(kind, 1)

    def _do(self, kind: Kind, unit: list[Item], batch: Batch) -> None:
        deliveries = [item for item in unit if isinstance(item, Delivery)]
        match kind:
            case Kind.SETTLED:
                self._skip(unit, deliveries, batch)
            case Kind.UNDECODABLE:
                self._bury(unit)
            case Kind.HELD:
                self._hold(deliveries, batch)
            case _:
                if allowed := self._within_rate(deliveries, batch):
                    self._run(kind, allowed, batch)

    def _run(self, kind: Kind, deliveries: list[Delivery], batch: Batch) -> None:
        match kind:
            case Kind.ALONE:
                self._settle(deliveries[0], self.single.alone.run(deliveries[0]), batch)
            case Kind.DATABASE:
                self._run_chunk(deliveries, batch)
            case Kind.EXTERNAL:
                again = self.single.external.run(
                    deliveries, lambda each, outcome: self._settle(each, outcome, batch)
                )
                batch.put_back(again)

    def _done_already(self, items: Sequence[Item]) -> dict[str, str]:
        keys = {item.dedupe_key: None for item in items if isinstance(item, Delivery)}
        return self.dedupe.done_by(list(keys))

    def _within_rate(self, deliveries: list[Delivery], batch: Batch) -> list[Delivery]:
        """Return how many may be run now; the others are put back, or wait if there are none."""
        subscription = deliveries[0].subscription
        most = self.rates.take(subscription, wanted=len(deliveries))
        if most == len(deliveries):
            return deliveries
        if most:
            batch.put_back(deliveries[most:])
            return deliveries[:most]
        for delivery in deliveries:
            if delivery.partition not in batch.blocked:
                self._wait(delivery, self.rates.wait_s(subscription), batch)
        return []

    def _skip(self, unit: list[Item], deliveries: list[Delivery], batch: Batch) -> None:
        skipped = [(each, batch.done[each.dedupe_key]) for each in deliveries]
        self.retrying.through_outages(lambda: record_skips(skipped))
        self._report(unit)

    def _bury(self, unit: list[Item]) -> None:
        for item in unit:
            if isinstance(item, Undecodable):
                self.retrying.through_outages(partial(self._bury_one, item))
        self._report(unit)

    def _bury_one(self, item: Undecodable) -> None:
        with transaction.atomic():
            if bury_undecodable(item, group=self.group):
                self.storms.watch()

    def _hold(self, deliveries: list[Delivery], batch: Batch) -> None:
        held = self.retrying.through_outages(lambda: hold_in_order(deliveries, self.closed_keys))
        if len(held) < len(deliveries):
            self.retrying.through_outages(self.closed_keys.refresh)
            batch.put_back(deliveries[len(held) :])
        self._report(held)

    def _run_chunk(self, deliveries: list[Delivery], batch: Batch) -> None:
        try:
            done = self.retrying.through_outages(lambda: self.chunk.run(deliveries))
        except HandlerFailed as failed:
            if failed.index is None:
                # Which one it was is found by halves.
                self._chunk_messages = max(1, len(deliveries) // 2)
            else:
                # Those before it are known to run; it runs alone, where its attempts are counted.
                batch.alone.add(deliveries[failed.index].dedupe_key)
            batch.put_back(deliveries)
            self.rates.give_back(deliveries[0].subscription, unused=len(deliveries))
            return
        if done.stopped_at_existing:
            batch.alone.add(deliveries[done.consumed].dedupe_key)
        batch.put_back(deliveries[done.consumed :])
        self.rates.give_back(deliveries[0].subscription, unused=len(deliveries) - done.run)
        self._adapt(done)
        self._finished(done.done, batch)
        self._report(deliveries[: done.consumed])

    def _adapt(self, done: ChunkDone) -> None:
        """Size the next chunk so that its handlers take about the time a chunk may."""
        if done.run == 0:
            return
        fitting = int(1.2 * self.settings.chunk_work_s / max(done.work_s / done.run, 1e-6))
        self._chunk_messages = max(1, min(self.settings.chunk_messages, fitting))

    def _settle(self, delivery: Delivery, outcome: Outcome, batch: Batch) -> None:
        if outcome.delay_s is not None:
            self._wait(delivery, outcome.delay_s, batch)
            return
        if outcome.done_by is not None:
            self._finished([(delivery, outcome.done_by)], batch)
        else:
            self.errands.look_soon()  # it may have been set aside, to come back by itself
        self._report([delivery])

    def _wait(self, delivery: Delivery, delay_s: float, batch: Batch) -> None:
        batch.block(delivery.partition)
        self.progress.report(Wait(position=delivery.record.position, delay_s=delay_s))

    def _finished(self, done: Sequence[tuple[Delivery, str]], batch: Batch) -> None:
        batch.done.update({each.dedupe_key: done_by for each, done_by in done})
        self.dedupe.mark(mark_of(each, done_by=done_by) for each, done_by in done)

    def _report(self, items: Sequence[Item]) -> None:
        """Tell the polling thread how far the partitions of these finished items are done."""
        ends: dict[Partition, tuple[int, int]] = {}
        for item in items:
            _, count = ends.get(item.partition, (0, 0))
            ends[item.partition] = (item.record.offset + 1, count + 1)
        for partition, (next_offset, _) in ends.items():
            self.retrying.through_outages(partial(self.in_hand.passed, partition, next_offset))
        self.progress.report(
            *(
                Done(partition=partition, next_offset=next_offset, messages=count)
                for partition, (next_offset, count) in ends.items()
            )
        )

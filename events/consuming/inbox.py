"""Inbox: applies each fetched message once per group, and tells how far each partition is done."""

from collections import deque
from collections.abc import Sequence
from functools import partial

from events.conf import Waybill
from events.consuming.alone import Alone
from events.consuming.batch import Batch, Kind
from events.consuming.chunk import ChunkDone, DatabaseChunk, HandlerFailed
from events.consuming.dead_letters import bury_undecodable
from events.consuming.decoding import Decoder
from events.consuming.dedupe import DedupeCache, Mark
from events.consuming.delivery import Delivery, Item, Undecodable
from events.consuming.external import External
from events.consuming.in_hand import InHandNotes
from events.consuming.progress import Done, Progress, Wait
from events.consuming.retrying import Outcome, Retrying
from events.consuming.skipping import record_skips
from events.kafka.record import Partition, Record


class Inbox:
    """Used by one worker thread; `apply` returns when every message is done, waits or was left."""

    def __init__(
        self,
        *,
        group: str,
        settings: Waybill,
        decoder: Decoder,
        dedupe: DedupeCache,
        in_hand: InHandNotes,
        chunk: DatabaseChunk,
        alone: Alone,
        external: External,
        retrying: Retrying,
        progress: Progress,
    ) -> None:
        self._group = group
        self._settings = settings
        self._decoder = decoder
        self._dedupe = dedupe
        self._in_hand = in_hand
        self._chunk = chunk
        self._alone = alone
        self._external = external
        self._retrying = retrying
        self._progress = progress
        self._chunk_messages = settings.chunk_messages

    def apply(self, records: Sequence[Record]) -> None:
        """Do what is to be done with these records, in the order of each partition.

        Raises Abandoned if told to stop while the database is away.
        """
        items = deque(map(self._decoder.decode, records))
        partitions = {item.partition for item in items}
        self._retrying.through_outages(lambda: self._in_hand.look(partitions))
        batch = Batch(
            items=items,
            done=self._done_already(items),
            must_leave=self._progress.must_leave,
            is_suspect=lambda delivery: self._in_hand.is_suspect(delivery.record.position),
        )
        while unit := self._next_unit(batch):
            kind, chosen = unit
            try:
                self._do(kind, chosen, batch)
            finally:
                self._progress.working_on(())

    def forget(self, partitions: frozenset[Partition]) -> None:
        """Look again at what was left in hand when these partitions come back."""
        self._in_hand.forget(partitions)

    def _next_unit(self, batch: Batch) -> tuple[Kind, list[Item]] | None:
        # Said before the items are looked at: whoever revokes a partition after this look waits.
        self._progress.working_on({item.partition for item in batch.items})
        unit = batch.next_unit(self._most)
        self._progress.working_on({item.partition for item in unit[1]} if unit else ())
        return unit

    def _most(self, kind: Kind) -> int:
        limits = {
            Kind.DATABASE: self._chunk_messages,
            Kind.EXTERNAL: self._settings.external_chunk,
            Kind.SETTLED: self._settings.fetch_messages,
        }
        return limits.get(kind, 1)

    def _do(self, kind: Kind, unit: list[Item], batch: Batch) -> None:
        deliveries = [item for item in unit if isinstance(item, Delivery)]
        match kind:
            case Kind.SETTLED:
                self._skip(unit, deliveries, batch)
            case Kind.UNDECODABLE:
                self._bury(unit)
            case Kind.ALONE:
                outcome = self._alone.run(deliveries[0])
                self._settle(deliveries[0], outcome, batch)
            case Kind.DATABASE:
                self._run_chunk(deliveries, batch)
            case Kind.EXTERNAL:
                self._external.run(deliveries, lambda d, outcome: self._settle(d, outcome, batch))

    def _done_already(self, items: Sequence[Item]) -> dict[str, str]:
        keys = {item.dedupe_key: None for item in items if isinstance(item, Delivery)}
        return self._dedupe.done_by(list(keys))

    def _skip(self, unit: list[Item], deliveries: list[Delivery], batch: Batch) -> None:
        skipped = [(each, batch.done[each.dedupe_key]) for each in deliveries]
        self._retrying.through_outages(lambda: record_skips(skipped))
        self._report(unit)

    def _bury(self, unit: list[Item]) -> None:
        for item in unit:
            if isinstance(item, Undecodable):
                bury = partial(bury_undecodable, item, group=self._group)
                self._retrying.through_outages(bury)
        self._report(unit)

    def _run_chunk(self, deliveries: list[Delivery], batch: Batch) -> None:
        try:
            done = self._retrying.through_outages(lambda: self._chunk.run(deliveries))
        except HandlerFailed as failed:
            if failed.index is None:
                # Which one it was is found by halves.
                self._chunk_messages = max(1, len(deliveries) // 2)
            else:
                # Those before it are known to run; it runs alone, where its attempts are counted.
                batch.alone.add(deliveries[failed.index].dedupe_key)
            batch.put_back(deliveries)
            return
        if done.stopped_at_existing:
            batch.alone.add(deliveries[done.consumed].dedupe_key)
        batch.put_back(deliveries[done.consumed :])
        self._adapt(done)
        self._finished(done.done, batch)
        self._report(deliveries[: done.consumed])

    def _adapt(self, done: ChunkDone) -> None:
        """Size the next chunk so that its handlers take about the time a chunk may."""
        if done.run == 0:
            return
        fitting = int(1.2 * self._settings.chunk_work_s / max(done.work_s / done.run, 1e-6))
        self._chunk_messages = max(1, min(self._settings.chunk_messages, fitting))

    def _settle(self, delivery: Delivery, outcome: Outcome, batch: Batch) -> None:
        if outcome.delay_s is not None:
            batch.block(delivery.partition)
            self._progress.report(Wait(position=delivery.record.position, delay_s=outcome.delay_s))
            return
        if outcome.done_by is not None:
            self._finished([(delivery, outcome.done_by)], batch)
        self._report([delivery])

    def _finished(self, done: Sequence[tuple[Delivery, str]], batch: Batch) -> None:
        batch.done.update({each.dedupe_key: done_by for each, done_by in done})
        self._dedupe.mark(
            Mark(dedupe_key=each.dedupe_key, event=done_by, ttl_s=each.route.ttl_s)
            for each, done_by in done
        )

    def _report(self, items: Sequence[Item]) -> None:
        """Tell the polling thread how far the partitions of these finished items are done."""
        ends: dict[Partition, tuple[int, int]] = {}
        for item in items:
            _, count = ends.get(item.partition, (0, 0))
            ends[item.partition] = (item.record.offset + 1, count + 1)
        for partition, (next_offset, _) in ends.items():
            self._retrying.through_outages(partial(self._in_hand.passed, partition, next_offset))
        self._progress.report(
            *(
                Done(partition=partition, next_offset=next_offset, messages=count)
                for partition, (next_offset, count) in ends.items()
            )
        )

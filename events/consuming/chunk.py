"""Chunk: many messages with database effects, handlers and ledger rows in one transaction."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeVar

from django.db import transaction

from events.consuming.delivery import Delivery, Route
from events.consuming.in_hand import InHandNotes
from events.consuming.ledger import Ledger
from events.consuming.ledger_row import Row
from events.consuming.progress import Progress
from events.consuming.skipping import record_skips
from events.consuming.subscriptions import BatchHandler

T = TypeVar("T")


class HandlerFailed(Exception):
    """A handler of the chunk raised: everything was rolled back.

    `index` says on which message; None if it was given several at once.
    """

    def __init__(self, index: int | None) -> None:
        super().__init__(index)
        self.index = index


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkDone:
    """What was committed: the first `consumed` messages, of which `run` were given to a handler.

    `done` pairs each with the imprint of the event that did its key.
    """

    consumed: int
    run: int
    work_s: float
    done: list[tuple[Delivery, str]]
    stopped_at_existing: bool


class DatabaseChunk:
    """Runs chunks of one group. One thread, one transaction at a time."""

    def __init__(
        self, *, ledger: Ledger, in_hand: InHandNotes, progress: Progress, work_s: float
    ) -> None:
        self._ledger = ledger
        self._in_hand = in_hand
        self._progress = progress
        self._work_s = work_s

    def run(self, deliveries: Sequence[Delivery]) -> ChunkDone:
        """Do the messages in order until one is not plain, time is up, or it must be left.

        All are for handlers of one message, or all for the same handler of many.
        Raises HandlerFailed if a handler raised (the cause is chained), and database errors; then
        nothing was done.
        """
        self._in_hand.note(deliveries)
        with transaction.atomic():
            claimed = self._ledger.insert(deliveries, outcome="succeeded")
            done = self._run(deliveries, claimed)
            not_run = [each.dedupe_key for each in deliveries[done.consumed :]]
            self._ledger.leave_out([key for key in not_run if key in claimed])
            record_skips([pair for pair in done.done if pair[0].dedupe_key not in claimed])
            self._in_hand.clear({each.partition for each in deliveries})
        return done

    def _run(self, deliveries: Sequence[Delivery], claimed: dict[str, int]) -> ChunkDone:
        existing = self._ledger.look(
            [each.dedupe_key for each in deliveries if each.dedupe_key not in claimed]
        )
        ready = list(takewhile(lambda each: _is_plain(each, existing), deliveries))
        handle_batch = deliveries[0].route.handle_batch
        began = time.monotonic()
        if handle_batch is None:
            consumed, run = self._one_by_one(ready, existing)
        else:
            consumed, run = len(ready), self._together(ready, existing, handle_batch)
        return ChunkDone(
            consumed=consumed,
            run=run,
            work_s=time.monotonic() - began,
            done=[(each, _done_by(each, existing)) for each in ready[:consumed]],
            stopped_at_existing=consumed == len(ready) < len(deliveries),
        )

    def _one_by_one(
        self, ready: Sequence[Delivery], existing: Mapping[str, Row]
    ) -> tuple[int, int]:
        """Return how many are dealt with, and for how many of them a handler ran."""
        run = 0
        began = time.monotonic()
        for index, delivery in enumerate(ready):
            if delivery.dedupe_key not in existing:
                if run and self._is_time(delivery, began):
                    return index, run
                self._call(
                    delivery.route.handle, delivery.event, route=delivery.route, index=index
                )
                run += 1
        return len(ready), run

    def _together(
        self, ready: Sequence[Delivery], existing: Mapping[str, Row], handle: BatchHandler
    ) -> int:
        """Return how many events the handler was given."""
        new = [index for index, each in enumerate(ready) if each.dedupe_key not in existing]
        if new:
            events = [ready[index].event for index in new]
            index = new[0] if len(new) == 1 else None
            self._call(handle, events, route=ready[0].route, index=index)
        return len(new)

    def _is_time(self, delivery: Delivery, began: float) -> bool:
        is_late = time.monotonic() - began >= self._work_s
        return is_late or self._progress.must_leave(delivery.partition)

    def _call(
        self, handler: Callable[[T], None], given: T, *, route: Route, index: int | None
    ) -> None:
        self._progress.message_began(deadline_s=route.deadline_s)
        try:
            handler(given)
        except Exception as error:
            raise HandlerFailed(index) from error
        finally:
            self._progress.message_ended()


def _is_plain(delivery: Delivery, existing: Mapping[str, Row]) -> bool:
    row = existing.get(delivery.dedupe_key)
    return row is None or (row.is_finished and not row.closes_key)


def _done_by(delivery: Delivery, existing: Mapping[str, Row]) -> str:
    row = existing.get(delivery.dedupe_key)
    return delivery.imprint if row is None else row.event

"""Chunk: many messages with database effects, handlers and ledger rows in one transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from events.consuming.delivery import Delivery
from events.consuming.in_hand import InHandNotes
from events.consuming.ledger import Ledger
from events.consuming.progress import Progress
from events.consuming.skipping import record_skips


class HandlerFailed(Exception):
    """A handler of the chunk raised: everything was rolled back. `index` says which message."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


@dataclass(kw_only=True, slots=True)
class ChunkDone:
    """What was committed: the first `consumed` messages, run or skipped."""

    consumed: int = 0
    run: int = 0
    work_s: float = 0.0
    done: list[tuple[Delivery, str]] = field(default_factory=list)
    stopped_at_existing: bool = False


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
        done = ChunkDone()
        began = time.monotonic()
        for index, delivery in enumerate(deliveries):
            row = existing.get(delivery.dedupe_key)
            if row is not None:
                if not row.is_finished:
                    done.stopped_at_existing = True
                    break
                done.done.append((delivery, row.event_name))
            else:
                if done.run and self._is_time(delivery, began):
                    break
                self._handle(index, delivery)
                done.run += 1
                done.done.append((delivery, delivery.event_name))
            done.consumed = index + 1
        done.work_s = time.monotonic() - began
        return done

    def _is_time(self, delivery: Delivery, began: float) -> bool:
        is_late = time.monotonic() - began >= self._work_s
        return is_late or self._progress.must_leave(delivery.partition)

    def _handle(self, index: int, delivery: Delivery) -> None:
        self._progress.message_began()
        try:
            delivery.handler(delivery.event)
        except Exception as error:
            raise HandlerFailed(index) from error
        finally:
            self._progress.message_ended()

"""Alone: one message with a database effect, its attempt committed before its handler runs."""

import time
from dataclasses import dataclass

from django.db import transaction

from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.dead_letters import settle
from events.consuming.delivery import Delivery
from events.consuming.failures import Failures, Held
from events.consuming.ledger import Ledger
from events.consuming.ledger_row import Row
from events.consuming.progress import Progress
from events.consuming.reopening import may_reopen, skipped
from events.consuming.retrying import Outcome, Retrying
from events.errors import InvalidEvent, ServiceUnavailable

OUTCOME = "retrying"


class Superseded(Exception):
    """Another process finished the row meanwhile: our transaction rolls back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """Runs retries and suspects of one group. One thread."""

    ledger: Ledger
    progress: Progress
    retrying: Retrying
    failures: Failures
    service_retry_s: float

    def run(self, delivery: Delivery) -> Outcome:
        """Do one attempt; database outages are waited for and count nothing."""
        begun = self.retrying.through_outages(lambda: self._begin(delivery))
        if isinstance(begun, Outcome):
            return begun
        if begun.attempt > delivery.route.most_attempts:
            error = InvalidEvent(f"the process ended during each of {begun.attempt - 1} attempts")
            return self._failed(delivery, begun, error, None)
        return self._attempt(delivery, begun)

    def _begin(self, delivery: Delivery) -> Held | Outcome:
        with transaction.atomic():
            new = self.ledger.insert([delivery], outcome=OUTCOME)
            if new:
                return Held(row_id=new[delivery.dedupe_key], attempt=1)
            row = self.ledger.look([delivery.dedupe_key]).get(delivery.dedupe_key)
            if row is None:
                return Outcome(delay_s=0.0)  # left out by another process just now
            return self._take(delivery, row)

    def _take(self, delivery: Delivery, row: Row) -> Held | Outcome:
        is_reopened = row.is_finished and may_reopen(delivery, row, ledger=self.ledger)
        if row.is_finished and not is_reopened:
            return skipped(delivery, row, closed_keys=self.failures.closed_keys)
        attempt = None
        if row.due_in_s == 0.0:
            attempt = self.ledger.take(row.id, outcome=OUTCOME)
        if attempt is None:
            return Outcome(delay_s=max(row.due_in_s, 0.05))
        age_s = 0.0 if is_reopened else row.age_s
        return Held(row_id=row.id, attempt=attempt, age_s=age_s)

    def _attempt(self, delivery: Delivery, held: Held) -> Outcome:
        began = time.monotonic()
        try:
            self.retrying.through_outages(lambda: self._handle(delivery, held, began))
        except Superseded:
            return Outcome(delay_s=0.0)
        except ServiceUnavailable:
            self.retrying.through_outages(
                lambda: self.ledger.give_back([held.row_id], delay_s=self.service_retry_s)
            )
            return Outcome(delay_s=self.service_retry_s)
        except Exception as error:  # noqa: BLE001 - a handler raises anything
            return self._failed(delivery, held, error, time.monotonic() - began)
        return Outcome(done_by=delivery.imprint, ran=True)

    def _handle(self, delivery: Delivery, held: Held, began: float) -> None:
        with transaction.atomic():
            self.progress.message_began(deadline_s=delivery.route.deadline_s)
            try:
                delivery.route.handle(delivery.event_for(attempt=held.attempt))
            finally:
                self.progress.message_ended()
            if not self.ledger.finish(held.row_id, outcome=OUTCOME):
                raise Superseded
            settle(delivery, result="done")
            if held.attempt > 1:
                write_attempts(
                    [
                        Tried(
                            delivery=delivery,
                            number=held.attempt,
                            result=Result.SUCCEEDED,
                            duration_s=time.monotonic() - began,
                        )
                    ]
                )

    def _failed(
        self, delivery: Delivery, held: Held, error: Exception, duration_s: float | None
    ) -> Outcome:
        return self.retrying.through_outages(
            lambda: self.failures.record(delivery, held=held, error=error, duration_s=duration_s)
        )

"""External: messages whose effect no transaction can undo, claimed, begun, performed, marked."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.db import connection

from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.claims import OUTCOME, Claims
from events.consuming.closed_keys import ClosedKeys
from events.consuming.dead_letters import settle
from events.consuming.delivery import Delivery
from events.consuming.failure import failure_of
from events.consuming.failures import Failures, Held
from events.consuming.infrastructure import Fault, fault_of
from events.consuming.ledger import Ledger
from events.consuming.manual_transaction import manual_transaction
from events.consuming.progress import Progress
from events.consuming.retrying import Outcome, Retrying
from events.errors import (
    EffectLost,
    EffectPerformed,
    EffectUnknown,
    HandlingError,
    InvalidEvent,
    ServiceUnavailable,
)
from events.event import Effect
from events.kafka.record import Partition

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class External:
    """Runs messages with external effects of one group, one after the other. One thread.

    No handler runs for longer than `deadline_s`: its process ends then.
    """

    ledger: Ledger
    claims: Claims
    progress: Progress
    retrying: Retrying
    failures: Failures
    closed_keys: ClosedKeys
    lease_s: float
    deadline_s: float
    service_retry_s: float

    def run(
        self, deliveries: Sequence[Delivery], settled: Callable[[Delivery, Outcome], None]
    ) -> list[Delivery]:
        """Claim the messages, do one attempt of each, in order; tell `settled` what became of it.

        A message behind one that waits in its partition, or in a partition to be left, is not
        begun; what was claimed and not begun is given back, uncounted. Returns what is to be
        looked at again: in each partition, from the first message on whose key was closed
        meanwhile.
        """
        token = uuid4()
        claimed = self.retrying.through_outages(lambda: self.claims.claim(deliveries, token=token))
        waiting = set()
        again: dict[Partition, list[Delivery]] = {}
        try:
            for delivery in deliveries:
                partition = delivery.partition
                if partition in waiting or self._must_leave(delivery):
                    continue
                if partition in again or self._is_held(delivery):
                    again.setdefault(partition, []).append(delivery)
                    continue
                outcome = self._one(delivery, claimed, token)
                if outcome.delay_s is not None:
                    waiting.add(partition)
                settled(delivery, outcome)
        finally:
            self.claims.release(claimed, token=token)
        return [each for left in again.values() for each in left]

    def _must_leave(self, delivery: Delivery) -> bool:
        # What was left is left of a batch; a letter's partition was looked at before it was read.
        return delivery.letter is None and self.progress.must_leave(delivery.partition)

    def _is_held(self, delivery: Delivery) -> bool:
        return delivery.letter is None and self.closed_keys.holds(delivery)

    def _one(self, delivery: Delivery, claimed: dict[str, int], token: UUID) -> Outcome:
        earlier: bytes | None = None
        held: Held | Outcome
        if (row_id := claimed.pop(delivery.dedupe_key, None)) is not None:
            held = Held(row_id=row_id, attempt=1, outcome=OUTCOME, token=token)
        else:
            held, earlier = self.retrying.through_outages(
                lambda: self.claims.take(delivery, token=token)
            )
        if isinstance(held, Outcome):
            return held
        effect = Effect(begin=self._begin(held.row_id, token), earlier_payload=earlier)
        try:
            return self._attempt(delivery, held, effect)
        finally:
            self.claims.leases.drop(held.row_id)

    def _begin(self, row_id: int, token: UUID) -> Callable[[str, bytes | None, bool], None]:
        def begin(reference: str, payload: bytes | None, is_repeatable: bool) -> None:
            is_ours = self.ledger.begin_effect(
                row_id,
                token=token,
                lease_s=self.lease_s,
                reference=reference,
                payload=payload,
                is_repeatable=is_repeatable,
            )
            if not is_ours:
                raise EffectLost("another process took the message over")
            connection.commit()

        return begin

    def _attempt(self, delivery: Delivery, held: Held, effect: Effect) -> Outcome:
        began = time.monotonic()
        try:
            if held.attempt > delivery.route.most_attempts:
                raise _exhausted(held)  # noqa: TRY301 - as if the handler had said so
            self.retrying.through_outages(lambda: self._run(delivery, held, effect, began))
        except EffectLost as lost:
            logger.warning(
                "The claim on a message passed to another process",
                extra={"position": str(delivery.record.position), "error": str(lost)},
            )
            return Outcome(delay_s=self.lease_s)
        except ServiceUnavailable as away:
            return self._service_away(delivery, held, away)
        except Exception as error:  # noqa: BLE001 - a handler raises anything
            return self._failed(delivery, held, _told(error, effect), time.monotonic() - began)
        return Outcome(done_by=delivery.imprint, ran=True)

    def _run(self, delivery: Delivery, held: Held, effect: Effect, began: float) -> None:
        with manual_transaction(may_idle_s=self.deadline_s):
            note = self._handle(delivery, held, effect)
            if not self.ledger.finish(held.row_id, outcome=OUTCOME, token=held.token):
                raise EffectLost("another process took the message over while this one worked")
            settle(delivery, result="done")
            if held.attempt > 1 or note:
                write_attempts(
                    [
                        Tried(
                            delivery=delivery,
                            number=held.attempt,
                            result=Result.SUCCEEDED,
                            error=note,
                            duration_s=time.monotonic() - began,
                        )
                    ]
                )
            connection.commit()

    def _handle(self, delivery: Delivery, held: Held, effect: Effect) -> str:
        """Run the handler; returns a note for the audit if it failed after the effect happened."""
        self.progress.message_began(deadline_s=delivery.route.deadline_s)
        try:
            delivery.route.handle(delivery.event_for(attempt=held.attempt, effect=effect))
        except EffectPerformed:
            return "the effect happened; what else the handler writes was lost with the database"
        except Exception as error:
            fault = fault_of(error)
            if effect.is_done and fault is Fault.MESSAGE:
                connection.rollback()
                return f"the effect happened; then the handler failed: {failure_of(error).error}"
            if _is_doubtful(effect) and fault is not Fault.MESSAGE:
                raise _told(error, effect) from error  # running again could repeat the effect
            raise
        finally:
            self.progress.message_ended()
        effect.is_done = effect.has_begun
        return ""

    def _service_away(self, delivery: Delivery, held: Held, away: ServiceUnavailable) -> Outcome:
        logger.warning(
            "A service that a handler needs is away; the message waits, nothing is counted",
            extra={"position": str(delivery.record.position), "error": str(away)},
        )
        self.retrying.through_outages(
            lambda: self.ledger.give_back(
                [held.row_id], token=held.token, delay_s=self.service_retry_s
            )
        )
        return Outcome(delay_s=self.service_retry_s)

    def _failed(
        self, delivery: Delivery, held: Held, error: Exception, duration_s: float
    ) -> Outcome:
        return self.retrying.through_outages(
            lambda: self.failures.record(delivery, held=held, error=error, duration_s=duration_s)
        )


def _exhausted(held: Held) -> HandlingError:
    reason = f"the process ended during each of {held.attempt - 1} attempts"
    if held.was_unknown:
        return EffectUnknown(reason)
    return InvalidEvent(reason)


def _told(error: Exception, effect: Effect) -> Exception:
    """Only the handler can say that a begun effect did not happen; anything else is unknown."""
    if isinstance(error, EffectUnknown):
        error.is_repeatable = effect.is_repeatable
    if isinstance(error, HandlingError) or not effect.has_begun or effect.is_repeatable:
        return error
    unknown = EffectUnknown(f"raised after the effect began: {failure_of(error).error}")
    unknown.__cause__ = error
    return unknown


def _is_doubtful(effect: Effect) -> bool:
    return effect.has_begun and not (effect.is_done or effect.is_repeatable)

"""Failures: from an exception out of a handler to a retry, a dead letter or an unknown outcome."""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from events.consuming import dead_letters
from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.closed_keys import ClosedKeys
from events.consuming.delivery import Delivery
from events.consuming.failure import Failure, failure_of
from events.consuming.kept_message import packed
from events.consuming.retrying import Outcome
from events.consuming.storms import Lookout
from events.errors import EffectUnknown, InvalidEvent, RetryLater
from events.models import DeadLetter
from events.retry import Exhausted, Retry
from events.sql import run

logger = logging.getLogger(__name__)

_FAIL = """
    UPDATE events_consumption
    SET outcome = %(outcome)s, error = %(error)s, lease_token = NULL, lease_expires_at = NULL,
        next_attempt_at = now() + make_interval(secs => %(delay_s)s),
        finished_at = CASE WHEN %(delay_s)s::float8 IS NULL THEN now() END,
        unknown_count = unknown_count + %(unknown)s, message = %(message)s
    WHERE id = %(id)s AND outcome = %(held)s
      AND lease_token IS NOT DISTINCT FROM %(token)s::uuid
    RETURNING id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A ledger row this process holds while it runs one attempt."""

    row_id: int
    attempt: int
    age_s: float = 0.0
    outcome: str = "retrying"
    token: UUID | None = None
    was_unknown: bool = False  # an earlier attempt's effect may have happened


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What becomes of a failed message: `outcome`, and in how many seconds it is tried again.

    With `on_key` only its key waits for that, not its partition.
    """

    outcome: str
    delay_s: float | None = None
    on_key: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Failures:
    """Judges failures of one group by the exception's type and the retry policy."""

    closed_keys: ClosedKeys
    storms: Lookout

    def record(
        self,
        delivery: Delivery,
        *,
        held: Held,
        error: BaseException,
        duration_s: float | None = None,
    ) -> Outcome:
        """Write what became of a failed attempt, in one transaction.

        Returns how long the message and its partition wait, if they do. A row that is no longer
        ours is left alone.
        """
        failure = failure_of(error)
        verdict = self.judge(delivery, held, error)
        text = f"{failure.exception}: {failure.error}"
        with transaction.atomic():
            is_unknown = verdict.outcome == "unknown" or _is_in_doubt(error)
            if not _update(delivery, held, verdict, text=text, is_unknown=is_unknown):
                return Outcome(delay_s=0.0)
            write_attempts(
                [
                    Tried(
                        delivery=delivery,
                        number=held.attempt,
                        result=Result.FAILED,
                        error=text,
                        duration_s=duration_s,
                    )
                ]
            )
            delay_s = self._carry_out(delivery, verdict, failure, attempts=held.attempt)
        _say(delivery, verdict, held, text)
        return Outcome(delay_s=delay_s, ran=True)

    def judge(self, delivery: Delivery, held: Held, error: BaseException) -> Verdict:
        """Decide by the exception's type and the retry policy."""
        if isinstance(error, InvalidEvent):
            return self._given_up(delivery)
        is_unknown = isinstance(error, EffectUnknown)
        if _is_in_doubt(error) and delivery.subscription.on_unknown == "hold":
            return Verdict(outcome="unknown")
        policy = delivery.policy_for(error.__cause__ or error if is_unknown else error)
        asked_s = error.delay_s if isinstance(error, RetryLater) else None
        match policy.decide(held.attempt, age_s=held.age_s, asked_s=asked_s):
            case Retry(delay_s=delay_s):
                # A letter holds back nobody: it waits alone already. A replay closes no key, and
                # its partition is its own.
                beside = delivery.letter is None and delivery.replay is None
                on_key = policy.scope == "key" and beside
                return Verdict(outcome="retrying", delay_s=delay_s, on_key=on_key)
            case Exhausted():
                return Verdict(outcome="unknown") if is_unknown else self._given_up(delivery)

    def _given_up(self, delivery: Delivery) -> Verdict:
        wants = delivery.subscription.on_exhausted == "quarantine"
        closes = wants and self.closed_keys.can_close(delivery)
        return Verdict(outcome="quarantined" if closes else "dead_lettered")

    def _carry_out(
        self, delivery: Delivery, verdict: Verdict, failure: Failure, *, attempts: int
    ) -> float | None:
        match verdict.outcome:
            case "retrying":
                return self._wait(delivery, verdict, failure, attempts=attempts)
            case "unknown":
                dead_letters.settle(delivery, result="nobody knows whether its effect happened")
            case outcome:
                letter = dead_letters.bury(delivery, failure=failure, attempts=attempts)
                if outcome == "quarantined":
                    reason = f"{failure.exception}: {failure.error}"
                    self.closed_keys.quarantine(delivery, head=letter, reason=reason)
                dead_letters.settle(delivery, result=f"failed again: {letter}")
                self.storms.watch()
        return None

    def _wait(
        self, delivery: Delivery, verdict: Verdict, failure: Failure, *, attempts: int
    ) -> float | None:
        """Return how long the partition waits; None if the message waits beside it."""
        if not verdict.on_key:
            return verdict.delay_s
        state = DeadLetter.State.REDRIVING  # without a key nothing waits behind it
        if delivery.record.key is not None:
            if not self.closed_keys.can_close(delivery):
                return verdict.delay_s
            self.closed_keys.close_for_retry(delivery)
            state = DeadLetter.State.HELD
        dead_letters.keep(delivery, state=state, failure=failure, attempts=attempts)
        return None


def _is_in_doubt(error: BaseException) -> bool:
    return isinstance(error, EffectUnknown) and not error.is_repeatable


def _update(
    delivery: Delivery, held: Held, verdict: Verdict, *, text: str, is_unknown: bool
) -> bool:
    waits_for_people = verdict.outcome == "unknown"
    return bool(
        run(
            _FAIL,
            {
                "outcome": verdict.outcome,
                "error": text,
                "delay_s": verdict.delay_s,
                "unknown": int(is_unknown),
                "message": packed(delivery.record) if waits_for_people else None,
                "id": held.row_id,
                "held": held.outcome,
                "token": held.token,
            },
        )
    )


def _say(delivery: Delivery, verdict: Verdict, held: Held, text: str) -> None:
    if verdict.outcome not in _MESSAGES:
        return  # said where the dead letter is stored
    logger.warning(
        _MESSAGES[verdict.outcome],
        extra={
            "group": delivery.subscription.group,
            "position": str(delivery.record.position),
            "event_id": str(delivery.event.event_id or delivery.event.id),
            "type": delivery.event.type,
            "attempt": held.attempt,
            "again_in_s": verdict.delay_s,
            "error": text,
        },
    )


_MESSAGES = {
    "retrying": "A message failed and will be tried again",
    "unknown": "Nobody knows whether an external effect happened; it waits for people",
    "quarantined": "A message failed for good; its key is closed until people release it",
}

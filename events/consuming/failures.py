"""Failures: from an exception out of a handler to a retry, a dead letter or an unknown outcome."""

import logging
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.dead_letters import bury
from events.consuming.delivery import Delivery
from events.consuming.failure import Failure, failure_of
from events.errors import EffectUnknown, InvalidEvent, RetryLater
from events.retry import Exhausted, Retry
from events.sql import run

logger = logging.getLogger(__name__)

_FAIL = """
    UPDATE events_consumption
    SET outcome = %(outcome)s, error = %(error)s, lease_token = NULL, lease_expires_at = NULL,
        next_attempt_at = now() + make_interval(secs => %(delay_s)s),
        finished_at = CASE WHEN %(delay_s)s::float8 IS NULL THEN now() END,
        unknown_count = unknown_count + %(unknown)s
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
    """What becomes of a failed message: `outcome`, and in how many seconds it is tried again."""

    outcome: str
    delay_s: float | None = None


def judge(delivery: Delivery, held: Held, error: BaseException) -> Verdict:
    """Decide by the exception's type and the retry policy."""
    if isinstance(error, InvalidEvent):
        return Verdict(outcome="dead_lettered")
    is_unknown = isinstance(error, EffectUnknown)
    if _is_in_doubt(error) and delivery.subscription.on_unknown == "hold":
        return Verdict(outcome="unknown")
    asked_s = error.delay_s if isinstance(error, RetryLater) else None
    match delivery.retry.decide(held.attempt, age_s=held.age_s, asked_s=asked_s):
        case Retry(delay_s=delay_s):
            return Verdict(outcome="retrying", delay_s=delay_s)
        case Exhausted():
            return Verdict(outcome="unknown" if is_unknown else "dead_lettered")


def record_failure(
    delivery: Delivery, *, held: Held, error: BaseException, duration_s: float | None = None
) -> float | None:
    """Write what became of a failed attempt, in one transaction.

    Returns in how many seconds the message is tried again, None if its partition moves on.
    A row that is no longer ours is left alone.
    """
    failure = failure_of(error)
    verdict = judge(delivery, held, error)
    with transaction.atomic():
        is_unknown = verdict.outcome == "unknown" or _is_in_doubt(error)
        if not _update(held, verdict, failure, is_unknown=is_unknown):
            return 0.0
        number = held.attempt
        text = f"{failure.exception}: {failure.error}"
        write_attempts(
            [
                Tried(
                    delivery=delivery,
                    number=number,
                    result=Result.FAILED,
                    error=text,
                    duration_s=duration_s,
                )
            ]
        )
        if verdict.outcome == "dead_lettered":
            bury(delivery, failure=failure, attempts=number)
    _say(delivery, verdict, held, text)
    return verdict.delay_s


def _is_in_doubt(error: BaseException) -> bool:
    return isinstance(error, EffectUnknown) and not error.is_repeatable


def _update(held: Held, verdict: Verdict, failure: Failure, *, is_unknown: bool) -> bool:
    return bool(
        run(
            _FAIL,
            {
                "outcome": verdict.outcome,
                "error": f"{failure.exception}: {failure.error}",
                "delay_s": verdict.delay_s,
                "unknown": int(is_unknown),
                "id": held.row_id,
                "held": held.outcome,
                "token": held.token,
            },
        )
    )


def _say(delivery: Delivery, verdict: Verdict, held: Held, text: str) -> None:
    if verdict.outcome == "dead_lettered":
        return  # said where the dead letter is stored
    message = (
        "Nobody knows whether an external effect happened; it waits for people"
        if verdict.outcome == "unknown"
        else "A message failed and will be tried again"
    )
    logger.warning(
        message,
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

"""Resolving: a person says of an external effect that it happened, or has it done once more."""

from dataclasses import dataclass
from typing import Literal

from django.db import transaction
from django.db.models.functions import Now

from events.consuming.kept_message import unpacked
from events.consuming.letter_record import recorded_at, stored_headers
from events.consuming.subscriptions import subscriptions
from events.errors import EffectUnknown, ResolveRefused
from events.kafka.record import Record
from events.models import Consumption, DeadLetter
from events.operating.operator import Operator

ACTION = "resolve"
Outcome = Consumption.Outcome
How = Literal["done", "resend"]
_EXCEPTION = f"{EffectUnknown.__module__}.{EffectUnknown.__qualname__}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What would become of an unknown outcome.

    `reference` names the effect (an e-mail's Message-ID) and `payload_bytes` is the size of what
    is performed again as it was; None: the handler makes it anew.
    """

    consumption: Consumption
    how: How
    reference: str
    payload_bytes: int | None


class Resolving:
    """One consumption whose external effect began, with nobody knowing whether it happened.

    `done`: it happened; the dedupe key is succeeded, and what was kept for a resend is removed.
    `resend`: the consumer that owns the partition performs it once more, on the same ledger row,
    with the bytes and the reference of the first time.

    Raises ValueError for another `how`.
    """

    def __init__(self, consumption_id: int, *, how: How) -> None:
        if how not in {"done", "resend"}:
            raise ValueError(f'{how!r} is neither "done" nor "resend"')
        self._id = consumption_id
        self._how: How = how

    def preview(self) -> Resolution:
        """Return what would be done; raises ResolveRefused as `carry_out` would."""
        return self._resolution(Consumption.objects.filter(pk=self._id).first())

    def carry_out(self, *, by: Operator) -> Resolution:
        """Resolve it in one transaction with its operator action.

        Raises ResolveRefused, nothing done, unless it is unknown, and for `resend` if its message
        was not kept or its group subscribes to its topic no longer.
        """
        with transaction.atomic():
            row = Consumption.objects.select_for_update().filter(pk=self._id).first()
            resolution = self._resolution(row)
            details = {
                "how": self._how,
                "group": resolution.consumption.group,
                "dedupe_key": resolution.consumption.dedupe_key,
                "reference": resolution.reference,
            }
            if self._how == "done":
                _done(resolution.consumption)
            else:
                details["dead_letter"] = str(_resend(resolution.consumption, by=by).pk)
            by.record(ACTION, target_type="consumption", target_id=self._id, details=details)
        return resolution

    def _resolution(self, row: Consumption | None) -> Resolution:
        if row is None:
            raise ResolveRefused(f"there is no consumption {self._id}")
        if row.outcome != Outcome.UNKNOWN:
            raise ResolveRefused(f"its outcome is not unknown: it is {row.outcome}")
        if self._how == "resend":
            _check_can_be_resent(row)
        payload = row.effect_payload
        return Resolution(
            consumption=row,
            how=self._how,
            reference=row.effect_reference,
            payload_bytes=None if payload is None else len(payload),
        )


def _check_can_be_resent(row: Consumption) -> None:
    if row.message is None:
        raise ResolveRefused(
            "its message was not kept, so nobody can do it again: say done, or publish a new event"
        )
    if not any(each.topic == row.topic for each in subscriptions(row.group)):
        raise ResolveRefused(f"{row.group} no longer subscribes to {row.topic}: say done")


def _done(row: Consumption) -> None:
    row.outcome, row.finished_at = Outcome.SUCCEEDED, Now()
    row.message = row.effect_payload = row.lease_token = None
    row.lease_expires_at = row.next_attempt_at = None
    row.error = ""
    row.save(
        update_fields=[
            *("outcome", "finished_at", "message", "effect_payload", "lease_token"),
            *("lease_expires_at", "next_attempt_at", "error"),
        ]
    )


def _resend(row: Consumption, *, by: Operator) -> DeadLetter:
    letter = _letter(row, unpacked(bytes(row.message or b"")), by=by)
    letter.save(force_insert=True)
    row.outcome, row.finished_at, row.message = Outcome.RETRYING, None, None
    row.attempts = 0  # all that the policy allows may have been made
    row.lease_token = row.lease_expires_at = None
    row.next_attempt_at = row.redriven_at = Now()
    row.save(
        update_fields=[
            *("outcome", "attempts", "finished_at", "message", "lease_token"),
            *("lease_expires_at", "next_attempt_at", "redriven_at"),
        ]
    )
    return letter


def _letter(row: Consumption, record: Record, *, by: Operator) -> DeadLetter:
    """Make the letter that carries the message; an earlier one of its position is its parent."""
    same = DeadLetter.objects.filter(
        group=row.group, topic=record.topic, partition=record.partition, offset=record.offset
    )
    return DeadLetter(
        group=row.group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        parent=same.order_by("-created_at", "-pk").first(),
        key=record.key,
        value=record.value,
        headers=stored_headers(record.headers),
        recorded_at=recorded_at(record),
        generation=row.generation,
        replay=row.replay,
        event_id=row.event_id,
        source=row.source,
        ce_id=row.ce_id,
        type=_type(row, record),
        dedupe_key=row.dedupe_key,
        handler=row.handler,
        attempts=row.attempts,
        exception=_EXCEPTION,
        error=row.error,
        state=DeadLetter.State.REDRIVING,
        created_at=Now(),
        changed_at=Now(),
        reason=by.reason,
    )


def _type(row: Consumption, record: Record) -> str:
    said = [value for name, value in record.headers if name == "ce_type" and value]
    if said:
        return said[0].decode("utf-8", "backslashreplace")
    of_topic = [each.type for each in subscriptions(row.group) if each.topic == row.topic]
    return of_topic[0] if len(of_topic) == 1 else ""

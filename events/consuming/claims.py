"""Claims: who may perform an external effect, by a row with a token and a lease."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db import DatabaseError, InterfaceError, transaction

from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.closed_keys import ClosedKeys
from events.consuming.dead_letters import settle
from events.consuming.delivery import Delivery
from events.consuming.failures import Held
from events.consuming.kept_message import packed
from events.consuming.leases import Leases
from events.consuming.ledger import Ledger
from events.consuming.ledger_row import Row
from events.consuming.reopening import may_reopen, skipped
from events.consuming.retrying import Outcome

logger = logging.getLogger(__name__)

OUTCOME = "started"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """Claims new keys in bulk, takes over what is due, gives back what was not begun."""

    ledger: Ledger
    leases: Leases
    closed_keys: ClosedKeys
    lease_s: float

    def claim(self, deliveries: Sequence[Delivery], *, token: UUID) -> dict[str, int]:
        """Claim the keys nobody has had; returns row ids by dedupe key. Committed at once."""
        claimed = self.ledger.insert(
            deliveries, outcome=OUTCOME, token=token, lease_s=self.lease_s
        )
        self.leases.hold(claimed.values(), token=token)
        return claimed

    def take(self, delivery: Delivery, *, token: UUID) -> tuple[Held | Outcome, bytes | None]:
        """Take over a row that exists, if it is due; with it the bytes an earlier attempt kept.

        An effect that began and whose process is gone is called unknown first, in the audit and in
        the row; the subscription's policy says whether it is then taken over.
        """
        with transaction.atomic():
            row = self.ledger.look([delivery.dedupe_key]).get(delivery.dedupe_key)
            if row is None:
                return Outcome(delay_s=0.0), None  # given back just now: claim it anew
            is_reopened = row.is_finished and may_reopen(delivery, row, ledger=self.ledger)
            if row.is_finished and not is_reopened:
                return skipped(delivery, row, closed_keys=self.closed_keys), None
            if row.due_in_s > 0:
                return Outcome(delay_s=row.due_in_s), None
            if row.outcome == OUTCOME and (end := self._close_earlier(delivery, row)):
                return end, None
            attempt = self.ledger.take(row.id, outcome=OUTCOME, token=token, lease_s=self.lease_s)
        if attempt is None:
            return Outcome(delay_s=self.lease_s), None
        self.leases.hold([row.id], token=token)
        held = Held(
            row_id=row.id,
            attempt=attempt,
            age_s=0.0 if is_reopened else row.age_s,
            outcome=OUTCOME,
            token=token,
            was_unknown=row.unknown_count > 0 or (row.outcome == OUTCOME and row.effect_began),
        )
        return held, row.effect_payload

    def release(self, claimed: dict[str, int], *, token: UUID) -> None:
        """Give back, uncounted, what was not begun; if the database is away the lease frees it."""
        for row_id in claimed.values():
            self.leases.drop(row_id)
        with suppress(DatabaseError, InterfaceError):
            self.ledger.give_back(list(claimed.values()), token=token)

    def _close_earlier(self, delivery: Delivery, row: Row) -> Outcome | None:
        """Tell how the attempt of a process that is gone ended; None if the row may be taken."""
        hold = row.effect_began and delivery.subscription.on_unknown == "hold"
        error = "the process ended before an effect began that cannot be repeated"
        if row.effect_began:
            error = "outcome unknown: the process ended after the effect began"
            kept = packed(delivery.record) if hold else None
            if not self.ledger.call_unknown(row.id, held=kept):
                return Outcome(delay_s=self.lease_s)  # another process was quicker
            logger.warning(
                "Nobody knows whether an external effect happened",
                extra={
                    "position": str(delivery.record.position),
                    "policy": delivery.subscription.on_unknown,
                },
            )
        write_attempts(
            [Tried(delivery=delivery, number=row.attempts, result=Result.FAILED, error=error)]
        )
        if not hold:
            return None
        settle(delivery, result="nobody knows whether its effect happened")
        return Outcome()

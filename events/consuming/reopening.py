"""Reopening: a key that was given up, or done by another event, met again."""

from events.consuming.closed_keys import ClosedKeys
from events.consuming.dead_letters import settle_skipped
from events.consuming.delivery import Delivery
from events.consuming.imprint import named_by
from events.consuming.ledger import Ledger
from events.consuming.ledger_row import Row
from events.consuming.retrying import Outcome
from events.consuming.skipping import record_skips


def may_reopen(delivery: Delivery, row: Row, *, ledger: Ledger) -> bool:
    """Reopen the row of a message that was given up and is handed back; False if it is neither.

    In the caller's transaction; the row is to be taken next.
    """
    is_its_own = named_by(row.event) == delivery.event_name
    is_handed_back = delivery.letter is not None and row.was_given_up and is_its_own
    return is_handed_back and ledger.reopen(row.id)


def skipped(delivery: Delivery, row: Row, *, closed_keys: ClosedKeys) -> Outcome:
    """Skip a message whose key is done or waits for people, in the caller's transaction."""
    record_skips([(delivery, row.event)])
    settle_skipped(delivery, done_by=named_by(row.event), outcome=row.outcome)
    if row.closes_key:
        closed_keys.refresh()  # by another process, it may be: what follows is held
        return Outcome()
    return Outcome(done_by=row.event)

"""Sending an invoice in the words of the ledger: group, dedupe key, and how it stands."""

from enum import StrEnum

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Concat

from events.models import LIVE, Consumption

GROUP = "invoices"
DEDUPE_KEY_PREFIX = "notification:invoices:"
DEDUPE_KEY = DEDUPE_KEY_PREFIX + "{order_id}"


class SendingState(StrEnum):
    """Where the invoice of an order stands."""

    REQUESTED = "requested"  # accepted, waiting or in work
    RETRYING = "retrying"  # an attempt failed, the next one comes by itself
    SENT = "sent"  # the mail server took it
    UNKNOWN = "unknown"  # sending began and nobody knows whether the mail server took it
    FAILED = "failed"  # given up; a person has to look at the dead letter


_STATES = {
    None: SendingState.REQUESTED,
    "started": SendingState.REQUESTED,
    "retrying": SendingState.RETRYING,
    "succeeded": SendingState.SENT,
    "unknown": SendingState.UNKNOWN,
    "dead_lettered": SendingState.FAILED,
    "quarantined": SendingState.FAILED,
}


def state_of(outcome: str | None) -> SendingState:
    """Return the state that an outcome in the ledger means."""
    return _STATES[outcome]


def outcome_by(order_id: str) -> Subquery:
    """Return what the ledger says about the order id in column `order_id`; None if nothing yet."""
    ledger = Consumption.objects.filter(
        group=GROUP,
        generation=LIVE,
        dedupe_key=Concat(Value(DEDUPE_KEY_PREFIX), OuterRef(order_id)),
    )
    return Subquery(ledger.values("outcome")[:1])

"""Invoice: what the customer gets for an order, and the mail that brought it."""

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.db.models.functions import Now

from invoices.sending import SendingState, outcome_by, state_of


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def with_outcome(self) -> Self:
        """Annotate `outcome`: what the ledger says about sending it, None if nothing yet."""
        return self.annotate(outcome=outcome_by("order__order_id"))

    def mark_sent(self, *, order_id: str, message_id: str) -> None:
        """Note, by the database's clock, that the mail server took the order's invoice."""
        self.filter(order__order_id=order_id).update(sent_at=Now(), message_id=message_id)


class Invoice(models.Model):
    """One per order. Whether it was sent, failed or is unknown is told by the ledger alone."""

    order = models.OneToOneField("invoices.Order", models.PROTECT, related_name="invoice")
    event = models.ForeignKey(
        "events.Event", models.DO_NOTHING, db_constraint=False, related_name="invoices"
    )
    requested_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=998, blank=True, default="")

    objects = InvoiceQuerySet.as_manager()

    if TYPE_CHECKING:
        event_id: UUID
        outcome: str | None

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number printed on the invoice: rising, unique, for ever the same."""
        return f"INV-{self.pk:06d}"

    @property
    def state(self) -> SendingState:
        """Where the sending stands; needs `with_outcome()`."""
        return state_of(self.outcome)

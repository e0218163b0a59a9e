"""Order: what a customer ordered, stored once under the caller's own order id."""

from typing import TYPE_CHECKING, Self

from django.db import connection, models
from django.db.models import Q

from invoices.sending import SendingState, outcome_by, state_of

_INSERT = """
    INSERT INTO invoices_order
        (order_id, customer_name, customer_email, currency, total, fingerprint, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, now())
    ON CONFLICT (order_id) DO NOTHING
    RETURNING id, created_at
"""


class OrderQuerySet(models.QuerySet["Order"]):
    def with_document(self) -> Self:
        """Load invoice and lines along: all that stands on the invoice."""
        return self.select_related("invoice").prefetch_related("lines")

    def with_outcome(self) -> Self:
        """Annotate `outcome`: what the ledger says about sending the invoice, None if nothing."""
        return self.annotate(outcome=outcome_by("order_id"))

    def insert_new(self, order: "Order") -> bool:
        """Insert the order unless its order id is taken; say whether it was inserted.

        Waits for a twin in an unfinished transaction: False means that the other is committed and
        can be read. The primary key and `created_at` (the database's clock) are set on `order`.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                _INSERT,
                [
                    order.order_id,
                    order.customer_name,
                    order.customer_email,
                    order.currency,
                    order.total,
                    bytes(order.fingerprint),
                ],
            )
            row = cursor.fetchone()
        if row is None:
            return False
        order.pk, order.created_at = row
        order._state.adding = False
        order._state.db = connection.alias
        return True


class Order(models.Model):
    """Never changed after it was placed. `fingerprint` is the SHA-256 of its content."""

    order_id = models.CharField(max_length=64, unique=True)
    customer_name = models.CharField(max_length=200)
    customer_email = models.CharField(max_length=254)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=20, decimal_places=4)
    fingerprint = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    objects = OrderQuerySet.as_manager()

    if TYPE_CHECKING:
        outcome: str | None

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(total__gte=0), name="order_total_not_negative"),
        ]

    def __str__(self) -> str:
        return self.order_id

    @property
    def state(self) -> SendingState:
        """Where the sending of its invoice stands; needs `with_outcome()`."""
        return state_of(self.outcome)

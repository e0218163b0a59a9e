"""OrderLine: one thing ordered, how many and at what price."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from invoices.money import total_of


class OrderLine(models.Model):
    """`number` counts from 1 in the order's own order; prices are in the order's currency."""

    order = models.ForeignKey(
        "invoices.Order", models.PROTECT, related_name="lines", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    description = models.CharField(max_length=500)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=20, decimal_places=4)

    class Meta:
        ordering = ["order", "number"]
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_quantity"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_line_price"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.description}"

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, exactly."""
        return total_of([(self.quantity, self.unit_price)])

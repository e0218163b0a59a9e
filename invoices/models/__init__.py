"""The tables: one noun a file."""

from invoices.models.invoice import Invoice
from invoices.models.order import Order
from invoices.models.order_line import OrderLine

__all__ = ["Invoice", "Order", "OrderLine"]

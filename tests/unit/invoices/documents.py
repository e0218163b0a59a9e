"""Invoice documents for the tests."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from invoices.document import DocumentLine, InvoiceDocument
from invoices.money import total_of


def document(*lines: tuple[str, int, str], **changes: Any) -> InvoiceDocument:
    """Return a document with these lines (description, quantity, unit price)."""
    rows = tuple(
        DocumentLine(
            description=description,
            quantity=quantity,
            unit_price=Decimal(price),
            amount=total_of([(quantity, Decimal(price))]),
        )
        for description, quantity, price in lines or [("Coffee", 2, "3.50")]
    )
    facts: dict[str, Any] = {
        "number": "INV-000042",
        "order_id": "1042",
        "issued_at": datetime(2026, 3, 4, 12, tzinfo=UTC),
        "seller": "Waybill",
        "seller_address": "invoices@waybill.invalid",
        "customer_name": "Ada Lovelace",
        "customer_email": "ada@example.org",
        "currency": "EUR",
        "total": total_of((row.quantity, row.unit_price) for row in rows),
        "lines": rows,
    }
    return InvoiceDocument(**{**facts, **changes})

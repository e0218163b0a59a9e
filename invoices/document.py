"""InvoiceDocument: everything that stands on an invoice, apart from how it looks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from email.utils import parseaddr

from django.conf import settings

from invoices.models import Order


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentLine:
    """One row of the invoice; prices in the document's currency."""

    description: str
    quantity: int
    unit_price: Decimal
    amount: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceDocument:
    """The facts of one invoice. Nothing in it depends on when or where it is read."""

    number: str
    order_id: str
    issued_at: datetime
    seller: str
    seller_address: str
    customer_name: str
    customer_email: str
    currency: str
    total: Decimal
    lines: tuple[DocumentLine, ...]


def document_of(order: Order) -> InvoiceDocument:
    """Return the document of a placed order; the seller is who DEFAULT_FROM_EMAIL names."""
    seller, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return InvoiceDocument(
        number=order.invoice.number,
        order_id=order.order_id,
        issued_at=order.created_at,
        seller=seller or address,
        seller_address=address,
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        currency=order.currency,
        total=order.total,
        lines=tuple(
            DocumentLine(
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
            )
            for line in order.lines.all()
        ),
    )

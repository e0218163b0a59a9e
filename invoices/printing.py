"""Printing: the invoice of an order as a PDF; the first one of a process loads the typesetter."""

from invoices.document import InvoiceDocument, document_of
from invoices.models import Order


def render_invoice(order: Order) -> bytes:
    """Return the PDF of a placed order's invoice, byte for byte the same every time."""
    return render(document_of(order))


def render(document: InvoiceDocument) -> bytes:
    """Return the document as a PDF of as many A4 pages as it needs."""
    from invoices import pdf  # noqa: PLC0415 - a fifth of the start of processes that print none

    return pdf.render(document)

"""The e-mail that brings the invoice: the same bytes for the same order, whenever it is built."""

import hashlib
from copy import copy
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.message import Message
from email.utils import format_datetime, parseaddr
from io import BytesIO

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.message import sanitize_address, utf8_charset_qp
from django.template.loader import render_to_string

from invoices.document import InvoiceDocument
from invoices.money import money_text


@dataclass(frozen=True, kw_only=True, slots=True)
class InvoiceMail:
    """A mail ready to be sent: Django's message and, for SMTP, its envelope and exact bytes."""

    message: EmailMessage
    message_id: str
    sender: str
    recipient: str
    raw: bytes

    def with_idempotency_key(self) -> EmailMessage:
        """Return Django's message for a service that delivers one mail for each key."""
        message = copy(self.message)
        message.extra_headers = {**message.extra_headers, "Idempotency-Key": self.message_id}
        return message


def message_id_of(order_id: str) -> str:
    """Return the Message-ID of the order's invoice mail: one per order, resends included."""
    return f"<invoice.{order_id}@{_sender().rpartition('@')[2]}>"


def invoice_mail(document: InvoiceDocument, *, pdf: bytes) -> InvoiceMail:
    """Return the mail to the customer with the PDF attached."""
    context = {
        "document": document,
        "total": money_text(document.total, document.currency),
    }
    message_id = message_id_of(document.order_id)
    message = EmailMultiAlternatives(
        subject=f"Your invoice {document.number} for order {document.order_id}",
        body=render_to_string("invoices/mail.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[f"{_quoted(document.customer_name)} <{document.customer_email}>"],
        headers={
            "Message-ID": message_id,
            "Date": format_datetime(document.issued_at),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.encoding = utf8_charset_qp  # 7-bit clean, also for servers without 8BITMIME
    message.attach_alternative(render_to_string("invoices/mail.html", context), "text/html")
    message.attach(f"invoice-{document.order_id}.pdf", pdf, "application/pdf")
    return InvoiceMail(
        message=message,
        message_id=message_id,
        sender=_sender(),
        recipient=sanitize_address(("", document.customer_email), "utf-8"),
        raw=_steady_bytes(message.message(), seed=message_id),
    )


def _steady_bytes(message: Message, *, seed: str) -> bytes:
    """Return the bytes for the wire, with MIME boundaries from the seed instead of chance."""
    mark = hashlib.sha256(seed.encode()).hexdigest()[:32]
    parts = (part for part in message.walk() if part.is_multipart())
    for number, part in enumerate(parts):
        part.set_boundary(f"=_{number}_{mark}")  # "=_" is in no quoted-printable or base64 body
    buffer = BytesIO()
    BytesGenerator(buffer, mangle_from_=False).flatten(message, linesep="\r\n")
    return buffer.getvalue()


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _sender() -> str:
    """Return the bare address of DEFAULT_FROM_EMAIL in ASCII, its domain in IDNA."""
    return sanitize_address(("", parseaddr(settings.DEFAULT_FROM_EMAIL)[1]), "utf-8")

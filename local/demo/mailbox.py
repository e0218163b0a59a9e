"""The customers' mailboxes: what arrived for this run's orders, and whether it is right."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage

from local.demo.orders import Order
from local.mail import Mail
from local.smtp import Smtp


class Mailbox:
    """The mails for these orders, from now on; those of earlier runs are left out."""

    def __init__(self, smtp: Smtp, *, orders: Sequence[Order]) -> None:
        self._journal = smtp.journal
        self._begin = smtp.journal.end()
        self._orders = orders

    def arrived(self) -> dict[str, list[Mail]]:
        """Every mail so far, by order id."""
        by_address: dict[str, list[Mail]] = {order.email: [] for order in self._orders}
        mails, _ = self._journal.after(self._begin)
        for mail in mails:
            for recipient in mail.recipients:
                if recipient in by_address:
                    by_address[recipient].append(mail)
        return {order.order_id: by_address[order.email] for order in self._orders}

    def count(self) -> int:
        """How many mails arrived."""
        return sum(map(len, self.arrived().values()))

    def faults(self) -> list[str]:
        """What is wrong, a sentence each; nothing is when each order got one mail, its invoice."""
        return [
            fault
            for order_id, mails in self.arrived().items()
            for fault in _faults(order_id, mails)
        ]


def _faults(order_id: str, mails: Sequence[Mail]) -> list[str]:
    if len(mails) != 1:
        return [f"order {order_id} got {len(mails)} mails instead of one"]
    message = mails[0].message
    found = []
    if order_id not in str(message["Subject"]):
        found.append(f"the mail of order {order_id} has the subject {message['Subject']!r}")
    if not _invoice_of(message, order_id=order_id).startswith(b"%PDF-"):
        found.append(f"the mail of order {order_id} brings no PDF invoice")
    return found


def _invoice_of(message: EmailMessage, *, order_id: str) -> bytes:
    for part in message.iter_attachments():
        is_pdf = part.get_content_type() == "application/pdf"
        if is_pdf and order_id in (part.get_filename() or ""):
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else b""
    return b""

"""Offering a mail as a handler does."""

from collections.abc import Callable

from invoices.delivery import offered
from invoices.mail import InvoiceMail


class Begin:
    """Says what to send, and remembers whether it was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked = 0

    def __call__(self) -> bytes:
        self.asked += 1
        return self.content


def deliver(mail: InvoiceMail, *, begin: Callable[[], bytes]) -> None:
    """Send what `begin` returns once the server wants it, as a handler does."""
    with offered(mail) as send:
        send(begin())

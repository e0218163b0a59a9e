"""The demo's verdict on the mails: what is missing, doubled or without its invoice is told."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from local.demo.mailbox import Mailbox
from local.demo.orders import TIMES_TWO, Order, new_orders
from local.smtp import Smtp

Arrive = Callable[..., None]


@pytest.fixture
def orders() -> list[Order]:
    return new_orders()


@pytest.fixture
def smtp(tmp_path: Path) -> Smtp:
    server = Smtp(tmp_path)
    server.journal.directory.mkdir(parents=True)
    return server


@pytest.fixture
def arrive(smtp: Smtp) -> Arrive:
    def arrive(order: Order, *, attachment: bytes = b"%PDF-1.4", named: str = "") -> None:
        message = EmailMessage()
        message["Subject"] = f"Your invoice for order {order.order_id}"
        message.set_content("Thank you.")
        name = f"invoice-{named or order.order_id}.pdf"
        message.add_attachment(attachment, maintype="application", subtype="pdf", filename=name)
        smtp.journal.append(
            content=message.as_bytes(),
            sender="shop@example.org",
            recipients=[order.email],
            at=datetime.now(UTC),
        )

    return arrive


@pytest.fixture
def mailbox(smtp: Smtp, orders: list[Order]) -> Mailbox:
    return Mailbox(smtp, orders=orders)


def test_one_mail_with_its_invoice_for_each_order_is_good(
    mailbox: Mailbox, orders: list[Order], arrive: Arrive
) -> None:
    for order in orders:
        arrive(order)

    assert mailbox.count() == 10
    assert mailbox.faults() == []


def test_a_missing_mail_and_a_second_one_are_faults(
    mailbox: Mailbox, orders: list[Order], arrive: Arrive
) -> None:
    for order in [*orders[1:], orders[5]]:
        arrive(order)

    assert mailbox.count() == 10
    assert mailbox.faults() == [
        f"order {orders[0].order_id} got 0 mails instead of one",
        f"order {orders[5].order_id} got 2 mails instead of one",
    ]


def test_an_attachment_that_is_no_pdf_or_anothers_invoice_is_a_fault(
    mailbox: Mailbox, orders: list[Order], arrive: Arrive
) -> None:
    arrive(orders[0], attachment=b"<html>")
    arrive(orders[1], named=orders[2].order_id)
    for order in orders[2:]:
        arrive(order)

    assert mailbox.faults() == [
        f"the mail of order {order.order_id} brings no PDF invoice" for order in orders[:2]
    ]


def test_mails_of_an_earlier_run_do_not_count(mailbox: Mailbox, arrive: Arrive) -> None:
    for order in new_orders():
        arrive(order)

    assert mailbox.count() == 0


def test_ten_orders_are_sent_three_of_them_twice() -> None:
    orders = new_orders()

    assert len({order.order_id for order in orders}) == len(orders) == 10
    assert len(set(TIMES_TWO)) == 3
    assert max(TIMES_TWO) < len(orders)

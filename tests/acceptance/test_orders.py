"""The main job, all the way: an order over HTTP, one mail with its invoice."""

import json
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest

from local.mail import Mail
from tests.acceptance.api_client import ApiClient
from tests.acceptance.conftest import create_topic, delete_topic
from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.checker.history import Received
from tests.checker.invariants import violations
from tests.waiting import wait_until

TOPIC, GROUP = "order_invoices", "invoices"
ORDERS = 5


@pytest.fixture
def api(system: System) -> ApiClient:
    """The API with everything behind it, from HTTP to SMTP."""
    delete_topic(system.stack, TOPIC, group=GROUP)
    create_topic(system.stack, TOPIC, partitions=3)
    system.watch(TOPIC, group=GROUP)
    for process in (system.web(), system.relay(), system.consumer(group=GROUP)):
        process.start()
    client = ApiClient(system.web_port, token=system.token)
    client.wait_until_ready()
    return client


def order(number: int, *, price: str = "12.50") -> bytes:
    return json.dumps(
        {
            "order_id": f"order-{number}",
            "customer": {"name": "Ada Lövelace", "email": "ada@example.com"},
            "currency": "EUR",
            "lines": [{"description": "Tea 茶", "quantity": 2, "unit_price": price}],
        }
    ).encode()


def test_an_order_becomes_one_mail_however_often_it_is_sent(
    system: System, api: ApiClient
) -> None:
    for number in range(ORDERS):
        placed = api.post("/api/v1/orders", order(number))
        assert placed.status == HTTPStatus.CREATED, placed.body
        assert api.post("/api/v1/orders", order(number)).status == HTTPStatus.OK
        note_accepted(system, api, placed.json)
    assert api.post("/api/v1/orders", order(0, price="13")).status == HTTPStatus.CONFLICT
    for number in range(ORDERS):
        wait_until(partial(is_sent, api, number), timeout_s=30)
    assert api.post("/api/v1/orders", order(0)).json["invoice"]["state"] == "sent"
    system.wait_until_recovered()

    mails = system.stack.smtp.mails()
    assert sorted(map(order_of, mails)) == [f"order-{number}" for number in range(ORDERS)]
    assert all(pdf_of(mail).startswith(b"%PDF-") for mail in mails)
    received = [
        Received(order_id=order_of(each), message_id=each.message_id, sha256=each.sha256)
        for each in mails
    ]
    assert violations(system.history(mails=received)) == []


def is_sent(api: ApiClient, number: int) -> bool:
    """Whether the order says that its mail is sent, and which one it is."""
    invoice = api.get(f"/api/v1/orders/order-{number}").json["invoice"]
    return invoice["state"] == "sent" and bool(invoice["message_id"])


def note_accepted(system: System, api: ApiClient, placed: dict[str, Any]) -> None:
    """Write the order's event, as the API names it, into the client's log."""
    event = api.get(placed["links"]["waybill"]).json
    line = {name: event[name] for name in ("source", "id", "topic", "key")}
    durable_lines.append(system.journal, [{**line, "value_sha256": None}])


def order_of(mail: Mail) -> str:
    """Return which order a mail is about, by the name of its attachment."""
    [attachment] = mail.message.iter_attachments()
    return str(attachment.get_filename()).removeprefix("invoice-").removesuffix(".pdf")


def pdf_of(mail: Mail) -> bytes:
    """Return the PDF in the mail."""
    [attachment] = mail.message.iter_attachments()
    content = attachment.get_content()
    assert isinstance(content, bytes)
    return content

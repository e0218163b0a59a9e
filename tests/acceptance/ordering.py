"""Ordering: orders over HTTP and the mails they become, for tests of the whole journey."""

import json
from http import HTTPStatus

from local.mail import Mail
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System
from tests.acceptance.template import create_topic, delete_topic
from tests.checker import durable_lines
from tests.checker.history import Received

TOPIC, GROUP = "order_invoices", "invoices"


def ordering(system: System) -> ApiClient:
    """Start the API and a relay over a fresh topic of orders; the consumer is the test's own."""
    delete_topic(system.stack, TOPIC, group=GROUP)
    create_topic(system.stack, TOPIC, partitions=3)
    system.watch(TOPIC, group=GROUP)
    for process in (system.web(), system.relay()):
        process.start()
    client = ApiClient(system.web_port, token=system.token)
    client.wait_until_ready()
    return client


def place(system: System, api: ApiClient, number: int) -> None:
    """Place an order, and write its event into the client's log."""
    placed = api.post("/api/v1/orders", order(number))
    assert placed.status == HTTPStatus.CREATED, placed.body
    note_accepted(system, api, placed.json["links"]["waybill"])


def order(number: int, *, price: str = "12.50") -> bytes:
    return json.dumps(
        {
            "order_id": f"order-{number}",
            "customer": {"name": "Ada Lövelace", "email": "ada@example.com"},
            "currency": "EUR",
            "lines": [{"description": "Tea 茶", "quantity": 2, "unit_price": price}],
        }
    ).encode()


def is_sent(api: ApiClient, number: int) -> bool:
    """Whether the order says that its mail is sent, and which one it is."""
    invoice = api.get(f"/api/v1/orders/order-{number}").json["invoice"]
    return invoice["state"] == "sent" and bool(invoice["message_id"])


def note_accepted(system: System, api: ApiClient, waybill: str) -> None:
    """Write the event of this address, as the API names it, into the client's log."""
    event = api.get(waybill).json
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


def received(system: System) -> list[Received]:
    """Return the mails in the sink, as the checker takes them."""
    return [
        Received(order_id=order_of(each), message_id=each.message_id, sha256=each.sha256)
        for each in system.stack.smtp.mails()
    ]

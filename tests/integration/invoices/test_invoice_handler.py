"""The handler: an event becomes one mail and one note of it, on real database and mail server."""

from io import BytesIO
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from pypdf import PdfReader

from events.consuming.key_template import KeyTemplate
from events.consuming.subscriptions import Subscription, subscriptions
from events.errors import EffectLost, EffectUnknown, InvalidEvent, ServiceUnavailable
from events.event import Effect, Position, ReceivedEvent
from events.models import Event
from events.publishing.outbox import Publisher
from invoices.delivery import MailPostponed, MailRefused
from invoices.handlers import send_invoice
from invoices.models import Invoice, Order
from invoices.order_request import CustomerRequest, LineRequest, OrderRequest
from invoices.orders import place_order
from invoices.printing import render_invoice
from local.mail import Behaviour
from local.smtp import Smtp

pytestmark = pytest.mark.django_db


class Kept:
    """The inbox's part of an external effect: what is committed before it begins."""

    def __init__(self, *, lost: bool = False) -> None:
        self.lost = lost
        self.references: list[str] = []
        self.payload: bytes | None = None

    def begin(self, reference: str, payload: bytes | None, is_repeatable: bool) -> None:
        assert not is_repeatable  # SMTP knows no such promise
        if self.lost:
            raise EffectLost("taken over")
        self.references.append(reference)
        self.payload = payload

    @property
    def effect(self) -> Effect:
        return Effect(begin=self.begin, earlier_payload=self.payload)


@pytest.fixture
def order() -> Order:
    request = OrderRequest(
        order_id="1042",
        customer=CustomerRequest(name="Ђорђе", email="ada@bücher.example"),
        currency="EUR",
        lines=(LineRequest(description="Coffee", quantity=2, unit_price="3.50"),),
    )
    return place_order(request, by=Publisher(name="shop")).order


def received(value: bytes, *, kept: Kept | None = None) -> ReceivedEvent:
    return ReceivedEvent(
        id=str(uuid4()),
        source="/waybill",
        type="invoice.requested",
        topic="order_invoices",
        key=b"1042",
        value=value,
        position=Position("order_invoices", 0, 0),
        effect=(kept or Kept()).effect,
    )


def requested(order: Order, *, kept: Kept | None = None) -> ReceivedEvent:
    event = Event.objects.get(pk=order.invoice.event_id)
    return received(bytes(event.value or b""), kept=kept)


def subscription() -> Subscription:
    return next(each for each in subscriptions("invoices") if each.topic == "order_invoices")


def test_the_published_event_brings_the_invoice_to_the_customer(
    mail_server: Smtp, order: Order
) -> None:
    kept = Kept()
    send_invoice(requested(order, kept=kept))
    (mail,) = mail_server.mails()
    assert mail.recipients == ["ada@xn--bcher-kva.example"]
    assert mail.file.read_bytes() == kept.payload
    assert kept.references == [mail.message_id] == ["<invoice.1042@waybill.invalid>"]
    (attached,) = mail.message.iter_attachments()
    assert attached.get_content() == render_invoice(Order.objects.get())
    assert "Ђорђе" in PdfReader(BytesIO(attached.get_content())).pages[0].extract_text()
    invoice = Invoice.objects.get()
    assert invoice.sent_at is not None
    assert invoice.message_id == mail.message_id


def test_the_subscription_promises_one_mail_per_order(order: Order) -> None:
    found = subscription()
    assert found.effect == "external"
    assert found.on_unknown == "resend"
    assert isinstance(found.dedupe_key, str)
    key = KeyTemplate(found.dedupe_key).filled(requested(order).data)
    assert key == "notification:invoices:1042"
    assert found.handler is send_invoice


def test_a_resend_sends_the_bytes_of_the_first_attempt(mail_server: Smtp, order: Order) -> None:
    kept = Kept()
    mail_server.behave("cut_before_answer", times=1)
    with pytest.raises(EffectUnknown):
        send_invoice(requested(order, kept=kept))
    assert Invoice.objects.get().sent_at is None
    kept.payload = (kept.payload or b"").replace(b"Kind regards", b"Best regards")
    send_invoice(requested(order, kept=kept))
    first, second = mail_server.mails()
    assert first.message_id == second.message_id
    assert second.file.read_bytes() == kept.payload != first.file.read_bytes()


def test_two_attempts_build_the_same_bytes(mail_server: Smtp, order: Order) -> None:
    send_invoice(requested(order))
    send_invoice(requested(order))
    first, second = mail_server.mails()
    assert first.sha256 == second.sha256


@pytest.mark.parametrize(
    "value",
    [b"", b"null", b"[]", b'"1042"', b"{}", b'{"order_id": 1042}', b'{"order_id": ""}', b"{",
     b'{"order_id": "nobody-placed-it"}', b'{"order_id": "\\u0000"}', b"\xff",
     msgspec.json.encode({"order_id": "x" * 100_000})],
)  # fmt: skip
def test_an_event_without_an_order_can_never_be_handled(mail_server: Smtp, value: bytes) -> None:
    with pytest.raises(InvalidEvent):
        send_invoice(received(value))
    assert mail_server.mails() == []


def test_a_lost_claim_sends_nothing(mail_server: Smtp, order: Order) -> None:
    with pytest.raises(EffectLost):
        send_invoice(requested(order, kept=Kept(lost=True)))
    send_invoice(requested(order))
    assert len(mail_server.mails()) == 1


def test_a_mail_that_was_sent_is_noted_and_not_sent_again(
    mail_server: Smtp, order: Order, settings: Any
) -> None:
    event = requested(order)
    send_invoice(event)
    Invoice.objects.update(sent_at=None, message_id="")  # the database forgot, the process knows
    settings.EMAIL_HOST = "no.such.host.invalid"
    send_invoice(event)
    assert len(mail_server.mails()) == 1
    assert Invoice.objects.get().message_id == "<invoice.1042@waybill.invalid>"


def test_a_failed_delivery_leaves_no_note(mail_server: Smtp, order: Order, settings: Any) -> None:
    refusals: dict[Behaviour, type[Exception]] = {
        "refuse_recipient_for_now": MailPostponed,
        "refuse_recipient": MailRefused,
    }
    for behaviour, error in refusals.items():
        mail_server.behave(behaviour, times=1)
        with pytest.raises(error):
            send_invoice(requested(order))
    settings.EMAIL_HOST = "no.such.host.invalid"
    with pytest.raises(ServiceUnavailable):
        send_invoice(requested(order))
    assert Invoice.objects.get().sent_at is None
    assert Invoice.objects.get().message_id == ""

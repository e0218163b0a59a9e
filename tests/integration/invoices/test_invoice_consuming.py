"""Invoices through the real consumer: from Kafka to the mail server, and what the ledger says."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import Consumption, DeadLetter, Event
from events.publishing.outbox import Publisher
from events.retry import RetryPolicy
from events.testing.kit import WaybillKit
from invoices.handlers import send_invoice
from invoices.models import Invoice, Order
from invoices.order_request import CustomerRequest, LineRequest, OrderRequest
from invoices.orders import place_order
from invoices.sending import DEDUPE_KEY
from local.smtp import Smtp

pytestmark = pytest.mark.django_db(transaction=True)

TYPE = "invoice.requested"


@pytest.fixture
def order() -> Order:
    request = OrderRequest(
        order_id="1042",
        customer=CustomerRequest(name="Ada", email="ada@example.org"),
        currency="EUR",
        lines=(LineRequest(description="Coffee", quantity=2, unit_price="3.50"),),
    )
    return place_order(request, by=Publisher(name="shop")).order


@pytest.fixture
def consume(waybill: WaybillKit, order: Order) -> Iterator[Callable[..., Consumption]]:
    """Let a group of its own handle the order's event; returns what its ledger says."""
    topic = waybill.make_topic(TYPE)

    def consume(handler: Callable[[ReceivedEvent], None] = send_invoice) -> Consumption:
        retry = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)
        declare = subscribe(
            topic, group=topic, type=TYPE, effect="external", dedupe_key=DEDUPE_KEY, retry=retry
        )
        declare(handler)
        event = Event.objects.get(pk=order.invoice.event_id)
        waybill.publish(topic, type=TYPE, value=event.value)
        waybill.drain(topic)
        return Consumption.objects.get(group=topic)

    yield consume
    unsubscribe(topic, group=topic, type=TYPE)


def test_an_order_becomes_one_mail(mail_server: Smtp, consume: Any) -> None:
    row = consume()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 1, 0)
    (mail,) = mail_server.mails()
    assert row.effect_reference == mail.message_id == Invoice.objects.get().message_id


def test_a_cut_before_the_answer_brings_the_same_mail_once_more(
    mail_server: Smtp, consume: Any
) -> None:
    mail_server.behave("cut_before_answer", times=1)
    row = consume()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 1)
    first, second = mail_server.mails()
    assert (first.message_id, first.sha256) == (second.message_id, second.sha256)


@pytest.mark.parametrize("behaviour", ["refuse_recipient_for_now", "refuse_data_for_now"])
def test_a_refusal_for_now_is_tried_again(mail_server: Smtp, consume: Any, behaviour: Any) -> None:
    mail_server.behave(behaviour, times=2)
    row = consume()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 3, 0)
    assert len(mail_server.mails()) == 1


@pytest.mark.parametrize("behaviour", ["refuse_recipient", "refuse_data"])
def test_a_refusal_for_good_is_a_dead_letter_at_once(
    mail_server: Smtp, consume: Any, behaviour: Any
) -> None:
    mail_server.behave(behaviour)
    row = consume()
    assert (row.outcome, row.attempts, row.unknown_count) == ("dead_lettered", 1, 0)
    letter = DeadLetter.objects.get()
    assert letter.exception == "invoices.delivery.MailRefused"
    assert "was not accepted: 55" in letter.error
    assert Invoice.objects.get().sent_at is None


def test_an_absent_server_is_waited_for_and_nothing_is_counted(
    mail_server: Smtp, consume: Any, settings: Any
) -> None:
    runs: list[int] = []

    def watched(event: ReceivedEvent) -> None:
        runs.append(event.attempt)
        settings.EMAIL_HOST = "127.0.0.1" if len(runs) > 3 else "no.such.host.invalid"
        send_invoice(event)

    row = consume(watched)
    assert runs == [1, 1, 1, 1]
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 1, 0)
    assert len(mail_server.mails()) == 1


def test_a_database_lost_after_the_mail_was_taken_brings_no_second_mail(
    mail_server: Smtp, consume: Any
) -> None:
    runs: list[int] = []

    def lose_the_session(event: ReceivedEvent) -> None:
        runs.append(event.attempt)
        send_invoice(event)
        if len(runs) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    row = consume(lose_the_session)
    assert len(runs) == 2
    assert (row.outcome, row.unknown_count) == ("succeeded", 0)
    assert len(mail_server.mails()) == 1
    assert Invoice.objects.get().message_id == row.effect_reference

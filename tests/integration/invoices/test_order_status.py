"""The status of an order: what the ledger says about its invoice, in every case."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from events.models import LIVE, Consumption, Event
from invoices.models import Invoice, Order
from invoices.orders import order_status, place_order
from invoices.sending import SendingState
from tests.integration.invoices.placing import REQUEST, SHOP

pytestmark = pytest.mark.django_db


def ledger_says(outcome: str, **more: Any) -> None:
    now = timezone.now()
    Consumption.objects.update_or_create(
        group="invoices",
        dedupe_key="notification:invoices:1042",
        generation=LIVE,
        defaults={
            "source": "/waybill", "ce_id": "1", "topic": "order_invoices", "partition": 0,
            "offset": 0, "handler": "h", "outcome": outcome, "first_at": now, **more,
        },
    )  # fmt: skip


@pytest.mark.parametrize("order_id", ["unknown", "", "\0", "é", "\ud800", "a" * 100_000])
def test_an_order_nobody_placed_has_no_status(order_id: str) -> None:
    assert order_status(order_id) is None


def test_a_fresh_order_is_requested() -> None:
    order = place_order(REQUEST, by=SHOP).order
    status = order_status("1042")
    assert status is not None
    assert (status.order, status.invoice) == (order, order.invoice)
    assert (status.state, status.sent_at, status.message_id, status.attempts) == (
        SendingState.REQUESTED, None, "", 0,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", Consumption.Outcome.values)
def test_every_outcome_of_the_ledger_has_a_state(outcome: str) -> None:
    place_order(REQUEST, by=SHOP)
    ledger_says(outcome, attempts=2)
    status = order_status("1042")
    expected = {
        "started": "requested",
        "succeeded": "sent",
        "retrying": "retrying",
        "dead_lettered": "failed",
        "quarantined": "failed",
        "unknown": "unknown",
    }[outcome]
    assert status is not None
    assert (status.state, status.attempts) == (expected, 2)
    assert Invoice.objects.with_outcome().get().state == expected
    assert Order.objects.with_outcome().get().state == expected


def test_a_retrying_invoice_tells_when_it_is_tried_next() -> None:
    place_order(REQUEST, by=SHOP)
    soon = timezone.now() + timedelta(seconds=8)
    ledger_says("retrying", next_attempt_at=soon)
    status = order_status("1042")
    assert status is not None
    assert status.next_attempt_at == soon


def test_a_sent_invoice_tells_when_and_by_which_mail() -> None:
    place_order(REQUEST, by=SHOP)
    Invoice.objects.mark_sent(order_id="1042", message_id="<m@x>")
    ledger_says("succeeded", finished_at=timezone.now())
    status = order_status("1042")
    assert status is not None
    assert (status.state, status.message_id) == ("sent", "<m@x>")
    assert status.sent_at is not None
    assert status.sent_at == Invoice.objects.get().sent_at


def test_an_outcome_resolved_as_done_tells_what_the_ledger_knows() -> None:
    place_order(REQUEST, by=SHOP)
    done = timezone.now()
    ledger_says("succeeded", finished_at=done, effect_reference="<m@x>")
    status = order_status("1042")
    assert status is not None
    assert (status.state, status.sent_at, status.message_id) == ("sent", done, "<m@x>")


def test_a_forced_replay_does_not_change_the_status() -> None:
    place_order(REQUEST, by=SHOP)
    ledger_says("dead_lettered")
    Consumption.objects.update(generation=Event.objects.get().pk)
    assert Invoice.objects.with_outcome().get().state == "requested"
    ledger_says("succeeded", finished_at=timezone.now())
    status = order_status("1042")
    assert status is not None
    assert status.state == "sent"
    assert Invoice.objects.with_outcome().get().state == "sent"
    assert Order.objects.with_outcome().get().state == "sent"

"""Orders: placed once per order id, together with the request for their invoice."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec
from django.db import transaction

from events.errors import WaybillError
from events.models import LIVE, Consumption, Event
from events.publishing.outbox import Publisher, publish
from invoices.models import Invoice, Order, OrderLine
from invoices.money import amount_text, total_of
from invoices.order_request import OrderRequest, clean_text, is_order_id
from invoices.sending import DEDUPE_KEY_PREFIX, GROUP, SendingState, state_of
from invoices.topics import INVOICE_REQUESTED, ORDER_INVOICES


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedOrder:
    """The stored order with its invoice; `created` is False if it was there already."""

    order: Order
    created: bool


class OrderConflict(WaybillError):
    """The order id is taken by an order with other content; nothing was stored."""

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} exists with other content")
        self.order_id = order_id


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderStatus:
    """An order, its invoice and how the sending stands; times by the database's clock."""

    order: Order
    invoice: Invoice
    state: SendingState
    sent_at: datetime | None = None
    message_id: str = ""
    attempts: int = 0
    next_attempt_at: datetime | None = None


def place_order(request: OrderRequest, *, by: Publisher) -> PlacedOrder:
    """Store the order, its invoice and the event `invoice.requested` in one transaction.

    The same content under the same order id again, even at the same time, stores nothing more
    and returns the first with `created=False`. Text counts in its NFC form without outer spaces,
    prices by value. Raises OrderInvalid for broken rules, OrderConflict for a taken order id.
    """
    request.check()
    order, lines = _rows(request)
    with transaction.atomic():
        if not Order.objects.insert_new(order):
            return _placed_before(order)
        OrderLine.objects.bulk_create(lines)
        event = _request_invoice(order, by=by)
        Invoice.objects.create(order=order, event=event, requested_at=order.created_at)
    return PlacedOrder(order=order, created=True)


def order_status(order_id: str) -> OrderStatus | None:
    """Return the order's status from orders and ledger, None if there is no such order."""
    if not is_order_id(order_id):
        return None  # PostgreSQL even refuses to be asked for some texts
    order = Order.objects.select_related("invoice").filter(order_id=order_id).first()
    if order is None:
        return None
    entry = (
        Consumption.objects.of_key(DEDUPE_KEY_PREFIX + order_id, group=GROUP)
        .filter(generation=LIVE)
        .first()
    )
    if entry is None:
        return OrderStatus(order=order, invoice=order.invoice, state=state_of(None))
    state = state_of(entry.outcome)
    sent = state is SendingState.SENT
    # An operator may have resolved an unknown outcome as done: then only the ledger knows when.
    return OrderStatus(
        order=order,
        invoice=order.invoice,
        state=state,
        sent_at=(order.invoice.sent_at or entry.finished_at) if sent else None,
        message_id=(order.invoice.message_id or entry.effect_reference) if sent else "",
        attempts=entry.attempts,
        next_attempt_at=entry.next_attempt_at if state is SendingState.RETRYING else None,
    )


def _placed_before(order: Order) -> PlacedOrder:
    first = Order.objects.select_related("invoice").get(order_id=order.order_id)
    if bytes(first.fingerprint) != order.fingerprint:
        raise OrderConflict(order.order_id)
    return PlacedOrder(order=first, created=False)


def _request_invoice(order: Order, *, by: Publisher) -> Event:
    return publish(
        ORDER_INVOICES.name,
        type=INVOICE_REQUESTED,
        key=order.order_id,
        subject=order.order_id,
        data={
            "order_id": order.order_id,
            "currency": order.currency,
            "total": amount_text(order.total, order.currency),
        },
        by=by,
    )


def _rows(request: OrderRequest) -> tuple[Order, list[OrderLine]]:
    order = Order(
        order_id=request.order_id,
        customer_name=clean_text(request.customer.name),
        customer_email=clean_text(request.customer.email),
        currency=request.currency,
    )
    lines = [
        OrderLine(
            order=order,
            number=number,
            description=clean_text(line.description),
            quantity=line.quantity,
            unit_price=Decimal(line.unit_price),
        )
        for number, line in enumerate(request.lines, start=1)
    ]
    order.total = total_of((line.quantity, line.unit_price) for line in lines)
    order.fingerprint = _fingerprint(order, lines=lines)
    return order, lines


def _fingerprint(order: Order, *, lines: Sequence[OrderLine]) -> bytes:
    content = [
        order.customer_name,
        order.customer_email,
        order.currency,
        [
            [line.description, line.quantity, amount_text(line.unit_price, order.currency)]
            for line in lines
        ],
    ]
    return hashlib.sha256(msgspec.json.encode(content)).digest()

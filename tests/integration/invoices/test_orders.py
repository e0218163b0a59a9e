"""Orders on a real database: placed once, whoever asks and how often."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from django.db import connection, connections, transaction

from events.models import Event, OutboxEntry
from events.publishing.outbox import Publisher
from invoices.models import Invoice, Order, OrderLine
from invoices.order_request import LineRequest, OrderInvalid, OrderRequest
from invoices.orders import OrderConflict, PlacedOrder, place_order
from tests.integration.invoices.placing import REQUEST, SHOP


def renamed(name: str) -> OrderRequest:
    return replace(REQUEST, customer=replace(REQUEST.customer, name=name))


def stored_counts() -> tuple[int, int, int, int]:
    return (
        Order.objects.count(),
        Invoice.objects.count(),
        Event.objects.count(),
        OutboxEntry.objects.count(),
    )


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(number)` in as many threads at the same moment; return results or exceptions."""
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait(10)
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


@pytest.mark.django_db
def test_an_order_is_stored_with_its_lines_invoice_and_event() -> None:
    placed = place_order(REQUEST, by=SHOP)
    assert placed.created
    order = Order.objects.get(order_id="1042")
    assert order == placed.order
    assert order.total == Decimal("1234.86")
    assert order.created_at == placed.order.created_at
    lines = list(order.lines.values_list("number", "description", "quantity", "unit_price"))
    assert lines == [(1, "Coffee", 3, Decimal("0.10")), (2, "Delivery", 1, Decimal("1234.56"))]
    event = Event.objects.get(pk=order.invoice.event_id)
    assert (event.topic, event.type) == ("order_invoices", "invoice.requested")
    assert (event.key, event.subject) == ("1042", "1042")
    assert (event.published_by, event.request_id) == ("shop", "r-1")
    assert msgspec.json.decode(bytes(event.value or b"")) == {
        "order_id": "1042",
        "currency": "EUR",
        "total": "1234.86",
    }
    assert stored_counts() == (1, 1, 1, 1)


@pytest.mark.django_db
def test_the_same_order_again_stores_nothing_and_returns_the_first() -> None:
    first = place_order(REQUEST, by=SHOP)
    priced = (replace(REQUEST.lines[0], unit_price="0.1"), REQUEST.lines[1])
    for again in (REQUEST, renamed("  Ada Lovelace "), replace(REQUEST, lines=priced)):
        second = place_order(again, by=SHOP)
        assert (second.order, second.created) == (first.order, False)
        assert second.order.invoice == first.order.invoice
    assert stored_counts() == (1, 1, 1, 1)


@pytest.mark.django_db
def test_a_name_counts_as_the_same_however_its_accents_are_encoded() -> None:
    place_order(renamed("José"), by=SHOP)
    assert not place_order(renamed("Jose\u0301"), by=SHOP).created


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [
        renamed("Bob"),
        replace(REQUEST, currency="USD"),
        replace(REQUEST, customer=replace(REQUEST.customer, email="bob@example.org")),
        replace(REQUEST, lines=REQUEST.lines[::-1]),
        replace(REQUEST, lines=REQUEST.lines[:1]),
        replace(REQUEST, lines=(replace(REQUEST.lines[0], quantity=4), REQUEST.lines[1])),
        replace(REQUEST, lines=(replace(REQUEST.lines[0], description="Tea"), REQUEST.lines[1])),
    ],
)
def test_another_order_under_the_same_id_is_a_conflict(other: OrderRequest) -> None:
    place_order(REQUEST, by=SHOP)
    with pytest.raises(OrderConflict, match="1042"):
        place_order(other, by=SHOP)
    assert stored_counts() == (1, 1, 1, 1)
    assert place_order(REQUEST, by=SHOP).created is False  # the transaction is unharmed


@pytest.mark.django_db
def test_an_invalid_order_stores_nothing() -> None:
    with pytest.raises(OrderInvalid):
        place_order(renamed("A\r\nB"), by=SHOP)
    assert stored_counts() == (0, 0, 0, 0)


@pytest.mark.django_db
def test_a_refused_event_takes_the_order_with_it() -> None:
    with pytest.raises(Exception, match="published_by"):
        place_order(REQUEST, by=Publisher(name="\0"))
    assert stored_counts() == (0, 0, 0, 0)


@pytest.mark.django_db
def test_the_largest_order_is_stored_to_the_last_digit() -> None:
    line = LineRequest(description="x" * 500, quantity=1_000_000, unit_price="1999999.998")
    small = LineRequest(description="y", quantity=1, unit_price="0.001")
    lines = (*[line] * 499, small)
    order = place_order(replace(REQUEST, currency="KWD", lines=lines), by=SHOP).order
    stored = Order.objects.get(pk=order.pk)
    assert stored.total == Decimal("997999999002000.001")
    assert sum(each.amount for each in stored.lines.all()) == stored.total


@pytest.mark.django_db(transaction=True)
def test_concurrent_twins_make_one_order_and_one_event() -> None:
    results = in_threads(8, lambda _: place_order(REQUEST, by=SHOP))
    assert all(isinstance(result, PlacedOrder) for result in results), results
    assert sorted(result.created for result in results) == [False] * 7 + [True]
    assert len({result.order.pk for result in results}) == 1
    assert stored_counts() == (1, 1, 1, 1)
    assert OrderLine.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_concurrent_orders_under_one_id_make_one_order_and_conflicts() -> None:
    results = in_threads(6, lambda number: place_order(renamed(f"Ada {number}"), by=SHOP))
    winners = [result for result in results if isinstance(result, PlacedOrder)]
    assert len(winners) == 1, results
    assert sum(isinstance(result, OrderConflict) for result in results) == 5, results
    assert stored_counts() == (1, 1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_twin_waits_for_the_first_and_takes_its_place_if_that_is_rolled_back() -> None:
    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            assert place_order(renamed("First"), by=SHOP).created
            second = thread.submit(in_threads, 1, lambda _: place_order(REQUEST, by=SHOP))
            _wait_for_a_blocked_insert()
            transaction.set_rollback(True)
        (result,) = second.result(10)
    assert isinstance(result, PlacedOrder), result
    assert result.created
    assert Order.objects.get().customer_name == "Ada Lovelace"


def _wait_for_a_blocked_insert() -> None:
    pause = threading.Event()
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone() != (0,):
                return
        pause.wait(0.02)
    pytest.fail("the twin does not wait")

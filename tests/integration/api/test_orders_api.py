"""The orders API: placed once, read back, and its invoice as a PDF."""

from typing import Any

import pytest
from django.test import Client

from events.models import Event
from invoices.models import Order

pytestmark = pytest.mark.django_db

Order_ = dict[str, Any]


def place(api: Client, order: Order_) -> Any:
    return api.post("/api/v1/orders", order, content_type="application/json")


def test_an_order_is_placed_and_links_to_the_waybill_of_its_invoice(
    api: Client, order: Order_
) -> None:
    answer = place(api, order)

    assert answer.status_code == 201, answer.content
    assert answer["Location"] == "/api/v1/orders/1042"
    placed = answer.json()
    assert {name: placed[name] for name in order} == order
    assert placed["total"] == "25.00"
    assert placed["invoice"]["state"] == "requested"
    assert placed["invoice"]["sent_at"] is None
    event = Event.objects.get()
    assert placed["links"]["waybill"] == f"/api/v1/events/{event.pk}"
    assert (event.published_by, event.request_id) == ("caller", answer["X-Request-ID"])
    waybill = api.get(placed["links"]["waybill"]).json()
    assert (waybill["topic"], waybill["key"]) == ("order_invoices", "1042")
    assert api.get("/api/v1/orders/1042").json() == placed


def test_the_same_order_again_is_200_and_stores_nothing(api: Client, order: Order_) -> None:
    first = place(api, order)
    again = place(api, order)
    assert (again.status_code, again.json()) == (200, first.json())
    assert Event.objects.count() == 1


def test_another_order_under_the_same_id_is_a_conflict(api: Client, order: Order_) -> None:
    place(api, order)
    answer = place(api, {**order, "currency": "USD"})
    assert answer.status_code == 409
    assert answer.json()["code"] == "order-conflict"
    assert Order.objects.get().currency == "EUR"


def test_the_invoice_is_a_pdf(api: Client, order: Order_) -> None:
    place(api, order)
    answer = api.get("/api/v1/orders/1042/invoice.pdf")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == 'inline; filename="invoice-1042.pdf"'
    assert answer.content.startswith(b"%PDF-")


@pytest.mark.parametrize("order_id", ["1", "%00", "x" * 2_000, "%ff", "..", "a b"])
def test_an_unknown_order_is_a_404_problem(api: Client, order_id: str) -> None:
    for address in (f"/api/v1/orders/{order_id}", f"/api/v1/orders/{order_id}/invoice.pdf"):
        answer = api.get(address)
        assert answer.status_code == 404
        assert answer.json()["code"] == "not-found"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"order_id": 1042}, "/order_id"),
        ({"order_id": "../1042"}, "/order_id"),
        ({"customer": "Zoë"}, "/customer"),
        ({"customer": {"name": "Zoë"}}, "/customer/email"),
        ({"customer": {"name": "Zoë", "email": "no address"}}, "/customer/email"),
        ({"currency": "EURO"}, "/currency"),
        ({"lines": []}, "/lines"),
        ({"lines": "Tea"}, "/lines"),
        ({"discount": 1}, "/discount"),
    ],
)
def test_a_wrong_order_is_refused_with_a_pointer(
    api: Client, order: Order_, change: Order_, pointer: str
) -> None:
    answer = place(api, order | change)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"quantity": 0}, "/lines/0/quantity"),
        ({"quantity": 1.5}, "/lines/0/quantity"),
        ({"quantity": "2"}, "/lines/0/quantity"),
        ({"quantity": True}, "/lines/0/quantity"),
        ({"quantity": 10**30}, "/lines/0/quantity"),
        ({"unit_price": 12.5}, "/lines/0/unit_price"),
        ({"unit_price": "1e3"}, "/lines/0/unit_price"),
        ({"unit_price": "NaN"}, "/lines/0/unit_price"),
        ({"unit_price": "-1"}, "/lines/0/unit_price"),
        ({"unit_price": "0.001"}, "/lines/0/unit_price"),
        ({"description": ""}, "/lines/0/description"),
    ],
)
def test_a_wrong_line_is_refused_with_a_pointer(
    api: Client, order: Order_, change: Order_, pointer: str
) -> None:
    line = order["lines"][0] | change
    answer = place(api, order | {"lines": [line]})
    assert answer.status_code == 422, answer.content
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_body_too_large_for_any_order_is_refused(api: Client) -> None:
    answer = api.post("/api/v1/orders", b"x" * 1_048_577, content_type="application/json")
    assert answer.status_code == 413


def test_what_is_no_json_is_refused(api: Client) -> None:
    answer = api.post("/api/v1/orders", b'{"order_id":', content_type="application/json")
    assert answer.status_code == 400

"""Orders and invoices in the console: found, shown, linked, and never changed."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from events.models import TopicGrant
from events.publishing.outbox import Publisher
from invoices.models import Invoice, Order
from invoices.order_request import CustomerRequest, LineRequest, OrderRequest
from invoices.orders import place_order
from invoices.printing import render_invoice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_collected_files(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path  # whitenoise warns if `collectstatic` never ran


@pytest.fixture
def order() -> Order:
    request = OrderRequest(
        order_id="1042",
        customer=CustomerRequest(name="<b>Ada</b>", email="ada@example.org"),
        currency="EUR",
        lines=(LineRequest(description="<i>Coffee</i>", quantity=2, unit_price="3.50"),),
    )
    return place_order(request, by=Publisher(name="shop")).order


@pytest.fixture
def support(client: Client) -> Client:
    """A client of somebody who may look at orders and invoices, and nothing else."""
    user = User.objects.create_user("support", is_staff=True)
    names = ("view_order", "view_invoice", "view_orderline")
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    TopicGrant.objects.create(
        user=user, topic="order_invoices", may_read=True, may_see_values=True
    )
    client.force_login(user)
    return client


def page(client: Client, address: str, *, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.content.decode()


@pytest.mark.parametrize("model", ["order", "invoice"])
def test_the_list_shows_the_order_and_how_its_invoice_stands(
    support: Client, order: Order, model: str
) -> None:
    shown = page(support, reverse(f"admin:invoices_{model}_changelist"))
    assert "1042" in shown
    assert "requested" in shown.lower()
    assert reverse("admin:events_event_change", args=[order.invoice.event_id]) in shown


@pytest.mark.parametrize("model", ["order", "invoice"])
@pytest.mark.parametrize(("words", "found"), [("1042", True), ("104", False), ("10%2042", False)])
def test_the_search_finds_exactly_the_order_id(
    support: Client, order: Order, model: str, words: str, found: bool
) -> None:
    shown = page(support, reverse(f"admin:invoices_{model}_changelist") + f"?q={words}")
    assert (str(order.invoice.event_id)[-12:] in shown) is found


@pytest.mark.parametrize("model", ["order", "invoice"])
def test_a_nul_in_the_search_is_no_error(support: Client, order: Order, model: str) -> None:
    page(support, reverse(f"admin:invoices_{model}_changelist") + "?q=%00")


def test_the_page_of_an_order_shows_its_lines_escaped(support: Client, order: Order) -> None:
    shown = page(support, reverse("admin:invoices_order_change", args=[order.pk]))
    for expected in ("€7.00", "€3.50", "&lt;b&gt;Ada&lt;/b&gt;", "&lt;i&gt;Coffee&lt;/i&gt;"):
        assert expected in shown
    assert "<i>Coffee" not in shown
    assert reverse("admin:invoices_invoice_change", args=[order.invoice.pk]) in shown


def test_the_page_of_an_invoice_leads_to_the_pdf(support: Client, order: Order) -> None:
    shown = page(support, reverse("admin:invoices_invoice_change", args=[order.invoice.pk]))
    address = reverse("admin:invoices_invoice_pdf", args=[order.invoice.pk])
    assert address in shown
    response = support.get(address)
    assert response["Content-Type"] == "application/pdf"
    assert response.content == render_invoice(order)


def test_the_pdf_needs_the_permission_and_an_invoice(client: Client, order: Order) -> None:
    address = reverse("admin:invoices_invoice_pdf", args=[order.invoice.pk])
    assert client.get(address).status_code == 302
    client.force_login(User.objects.create_user("other", is_staff=True))
    assert client.get(address).status_code == 403
    client.force_login(User.objects.create_superuser("root"))
    missing = reverse("admin:invoices_invoice_pdf", args=[order.invoice.pk + 1])
    assert client.get(missing).status_code == 404


@pytest.mark.parametrize("model", ["order", "invoice"])
def test_nobody_changes_the_past(client: Client, order: Order, model: str) -> None:
    client.force_login(User.objects.create_superuser("root"))
    row = order if model == "order" else order.invoice
    assert client.get(reverse(f"admin:invoices_{model}_add")).status_code == 403
    for name in ("change", "delete"):
        address = reverse(f"admin:invoices_{model}_{name}", args=[row.pk])
        assert client.post(address, {"post": "yes"}).status_code == 403
    assert (Order.objects.count(), Invoice.objects.count()) == (1, 1)


def test_orders_are_for_those_who_may_read_their_topic_and_the_pdf_for_those_who_see_values(
    support: Client, order: Order
) -> None:
    pdf = reverse("admin:invoices_invoice_pdf", args=[order.invoice.pk])
    pages = [
        reverse("admin:invoices_order_changelist"),
        reverse("admin:invoices_order_change", args=[order.pk]),
        reverse("admin:invoices_invoice_change", args=[order.invoice.pk]),
    ]
    TopicGrant.objects.update(may_see_values=False)
    assert [support.get(address).status_code for address in (*pages, pdf)] == [200] * 3 + [403]
    TopicGrant.objects.update(may_see_values=True, may_read=False)
    assert [support.get(address).status_code for address in (*pages, pdf)] == [403] * 4

"""A mail service that takes an idempotency key closes the unknown window; another one shows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from events.models import Consumption
from events.publishing.outbox import Publisher
from events.testing.kit import WaybillKit
from invoices.delivery import offered
from invoices.mail import InvoiceMail
from invoices.models import Invoice
from invoices.order_request import CustomerRequest, LineRequest, OrderRequest
from invoices.orders import place_order
from invoices.sending import GROUP
from tests.integration.invoices.mail_services import PlainService, asked, mails

MESSAGE_ID = "<invoice.1042@waybill.invalid>"
UseService = Callable[..., None]


@pytest.fixture
def use_service(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UseService:
    monkeypatch.setattr(PlainService, "directory", tmp_path, raising=False)

    def use(name: str, *, failures: int = 0) -> None:
        settings.EMAIL_BACKEND = f"{PlainService.__module__}.{name}"
        monkeypatch.setattr(PlainService, "failures", failures)

    return use


def place() -> None:
    request = OrderRequest(
        order_id="1042",
        customer=CustomerRequest(name="Ada", email="ada@example.org"),
        currency="EUR",
        lines=(LineRequest(description="Coffee", quantity=2, unit_price="3.50"),),
    )
    place_order(request, by=Publisher(name="shop"))


def test_a_keyed_service_killed_after_it_took_the_mail_brings_one_and_nothing_is_unknown(
    waybill: WaybillKit, use_service: UseService
) -> None:
    use_service("KeyedService")
    place()
    waybill.crash_at("effect_performed")
    assert waybill.drain(GROUP).crashed_at == "effect_performed"
    row = Consumption.objects.get()
    assert (row.outcome, row.effect_began_at) == ("started", None)
    assert row.effect_reference == MESSAGE_ID
    assert row.effect_payload
    waybill.drain(GROUP)
    row.refresh_from_db()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 0)
    assert asked() == [MESSAGE_ID] * 2
    assert len(mails()) == 1
    assert Invoice.objects.get().message_id == MESSAGE_ID


def test_a_plain_service_in_the_same_place_brings_two_and_says_unknown(
    waybill: WaybillKit, use_service: UseService
) -> None:
    use_service("PlainService")
    place()
    waybill.crash_at("effect_performed")
    waybill.drain(GROUP)
    waybill.drain(GROUP)
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 1)
    assert asked() == ["", ""]
    assert len(mails()) == 2


@pytest.mark.parametrize(
    ("service", "number", "unknown"), [("KeyedService", 1, 0), ("PlainService", 2, 1)]
)
def test_a_connection_cut_after_the_mail_was_taken(
    waybill: WaybillKit, use_service: UseService, service: str, number: int, unknown: int
) -> None:
    use_service(service, failures=1)
    place()
    waybill.drain(GROUP)
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, unknown)
    assert len(mails()) == number


def test_only_a_backend_that_says_so_is_offered_a_key(
    mail: InvoiceMail, use_service: UseService
) -> None:
    for name, is_repeatable in (("PlainService", False), ("KeyedService", True)):
        use_service(name)
        with offered(mail) as send:
            assert send.is_repeatable is is_repeatable
            send(mail.raw)
    assert asked() == ["", mail.message_id]
    assert "Idempotency-Key" not in mail.message.extra_headers


def test_smtp_is_never_repeatable(mail_server: Any, mail: InvoiceMail, monkeypatch: Any) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend.takes_idempotency_key"
    monkeypatch.setattr(backend, True, raising=False)
    with offered(mail) as send:
        assert send.is_repeatable is False
        send(mail.raw)
    assert len(mail_server.mails()) == 1

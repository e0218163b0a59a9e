"""The mail: what is in it, that it never changes, and that nobody can smuggle anything in."""

import email
import email.policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoices.mail import InvoiceMail, invoice_mail, message_id_of
from invoices.order_request import CustomerRequest, LineRequest, OrderInvalid, OrderRequest
from tests.unit.invoices.documents import document

PDF = b"%PDF-1.4\r\n.\r\n..dots\r\n\x00\xff"


def mail_for(**changes: Any) -> InvoiceMail:
    return invoice_mail(document(**changes), pdf=PDF)


def parsed(mail: InvoiceMail) -> EmailMessage:
    return email.message_from_bytes(mail.raw, policy=email.policy.default)


def test_the_mail_brings_the_pdf_and_says_what_it_is() -> None:
    message = parsed(mail_for())
    assert message["Subject"] == "Your invoice INV-000042 for order 1042"
    assert message["From"] == "Waybill <invoices@waybill.invalid>"
    assert message["To"] == "Ada Lovelace <ada@example.org>"
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "invoice-1042.pdf"
    assert attached.get_content_type() == "application/pdf"
    assert attached.get_content() == PDF
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        assert all(words in text for words in ("Ada Lovelace", "1042", "INV-000042", "€7.00"))


def test_every_attempt_sends_the_same_bytes() -> None:
    first, again = mail_for(), mail_for()
    assert first.raw == again.raw
    assert first.message_id == again.message_id == "<invoice.1042@waybill.invalid>"
    message = parsed(first)
    assert message["Message-ID"] == first.message_id
    assert parsedate_to_datetime(str(message["Date"])) == document().issued_at


def test_two_orders_never_share_a_message_id() -> None:
    assert message_id_of("1042") != message_id_of("1043")


def test_a_long_order_id_is_kept_whole_in_the_message_id() -> None:
    order_id = "a" * 64
    message = parsed(mail_for(order_id=order_id))
    assert str(message["Message-ID"]).strip() == message_id_of(order_id)


def test_every_line_is_short_ascii_that_any_server_passes_on() -> None:
    raw = mail_for(customer_name="Ђорђе " * 30).raw
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_an_international_domain_is_written_in_idna() -> None:
    mail = mail_for(customer_email="ada@bücher.example")
    assert mail.recipient == "ada@xn--bcher-kva.example"
    assert "ada@xn--bcher-kva.example" in str(parsed(mail)["To"])


def test_a_seller_with_an_international_domain_can_send(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "Käse & Brot <post@bücher.example>"
    mail = mail_for()
    assert mail.sender == "post@xn--bcher-kva.example"
    assert mail.message_id == "<invoice.1042@xn--bcher-kva.example>"


def test_markup_in_a_name_is_text_in_the_html_body() -> None:
    body = parsed(mail_for(customer_name="<script>alert(1)</script>")).get_body(("html",))
    assert body is not None
    assert "<script>" not in body.get_content()


@pytest.mark.parametrize("field", ["customer_name", "customer_email"])
def test_even_without_validation_a_line_end_makes_no_header(field: str) -> None:
    with pytest.raises(ValueError, match=r"newline|Invalid"):
        mail_for(**{field: "a@example.org\r\nBcc: evil@example.org"})


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_any_name_that_is_accepted_arrives_and_adds_no_header(name: str) -> None:
    request = OrderRequest(
        order_id="1",
        customer=CustomerRequest(name=name, email="ada@example.org"),
        currency="EUR",
        lines=(LineRequest(description="x", quantity=1, unit_price="1"),),
    )
    try:
        request.check()
    except OrderInvalid:
        return
    message = email.message_from_bytes(mail_for(customer_name=name).raw)
    assert sorted(message.keys()) == sorted(parsed(mail_for()).keys())
    (header,) = message.get_all("To", [])
    shown, address = parseaddr(str(header))
    assert address == "ada@example.org"
    assert str(make_header(decode_header(shown))).split() == name.split()

"""Delivery over real SMTP: what was taken, what was refused, and what nobody knows."""

import socket
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from django.core import mail as django_mail

from events.errors import EffectUnknown, InvalidEvent, ServiceUnavailable
from invoices.delivery import MailPostponed, MailRefused, probe_mail_server
from invoices.mail import InvoiceMail
from local.mail import Behaviour
from local.smtp import Smtp
from tests.integration.invoices.offering import Begin, deliver


def test_the_mail_arrives_byte_for_byte(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin
) -> None:
    deliver(mail, begin=begin)
    (arrived,) = mail_server.mails()
    assert arrived.file.read_bytes() == mail.raw
    assert (arrived.sender, arrived.recipients) == (
        "invoices@waybill.invalid",
        ["ada@example.org"],
    )
    assert arrived.message_id == mail.message_id
    assert begin.asked == 1


def test_what_begin_returns_is_sent_dots_and_all(mail_server: Smtp, mail: InvoiceMail) -> None:
    earlier = b"Subject: kept\r\nMessage-ID: <1@x>\r\n\r\n.\r\n..\r\n.hidden\r\nend\r\n"
    deliver(mail, begin=lambda: earlier)
    (arrived,) = mail_server.mails()
    assert arrived.file.read_bytes() == earlier


def test_content_without_a_last_line_end_gets_one(mail_server: Smtp, mail: InvoiceMail) -> None:
    deliver(mail, begin=lambda: b"Subject: kept\r\n\r\nend")
    (arrived,) = mail_server.mails()
    assert arrived.file.read_bytes() == b"Subject: kept\r\n\r\nend\r\n"


def test_if_the_effect_may_not_begin_nothing_is_sent(mail_server: Smtp, mail: InvoiceMail) -> None:
    def lost() -> bytes:
        raise ValueError("lost")

    with pytest.raises(ValueError, match="lost"):
        deliver(mail, begin=lost)
    deliver(mail, begin=lambda: mail.raw)  # the server is done with the first by now
    assert len(mail_server.mails()) == 1


@pytest.mark.parametrize(
    ("behaviour", "error", "begun", "stored"),
    [
        ("refuse_recipient_for_now", MailPostponed, 0, 0),
        ("refuse_recipient", MailRefused, 0, 0),
        ("hang_at_recipient", MailPostponed, 0, 0),
        ("refuse_data_for_now", MailPostponed, 1, 0),
        ("refuse_data", MailRefused, 1, 0),
        ("hang_at_data", EffectUnknown, 1, 0),
        ("hang_after_storing", EffectUnknown, 1, 1),
        ("cut_before_storing", EffectUnknown, 1, 0),
        ("cut_before_answer", EffectUnknown, 1, 1),
    ],
)
def test_each_answer_of_the_server_has_its_meaning(
    *,
    mail_server: Smtp,
    mail: InvoiceMail,
    begin: Begin,
    settings: Any,
    behaviour: Behaviour,
    error: type[Exception],
    begun: int,
    stored: int,
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail_server.behave(behaviour, times=1)
    with pytest.raises(error) as raised:
        deliver(mail, begin=begin)
    assert type(raised.value) is error
    assert begin.asked == begun
    assert len(mail_server.mails()) == stored
    deliver(mail, begin=begin)
    assert {each.sha256 for each in mail_server.wait_for_mails(stored + 1)} == {
        mail_server.mails()[0].sha256
    }


def test_a_refusal_tells_the_operator_what_the_server_said(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin
) -> None:
    mail_server.behave("refuse_recipient", times=1)
    with pytest.raises(InvalidEvent, match=r"the recipient was not accepted: 550 .*no such"):
        deliver(mail, begin=begin)


def test_a_connection_cut_after_the_answer_is_a_success(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin
) -> None:
    mail_server.behave("cut_after_answer", times=1)
    deliver(mail, begin=begin)
    assert len(mail_server.mails()) == 1


def test_a_server_that_is_down_is_away_and_nothing_began(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin, settings: Any
) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused, and nobody else's
        settings.EMAIL_PORT = taken.getsockname()[1]
        with pytest.raises(ServiceUnavailable, match="SMTP is unavailable"):
            deliver(mail, begin=begin)
        with pytest.raises(ServiceUnavailable):
            probe_mail_server()
    assert begin.asked == 0
    settings.EMAIL_PORT = mail_server.port
    probe_mail_server()


def test_a_name_that_cannot_be_looked_up_is_an_absent_server(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin, settings: Any
) -> None:
    settings.EMAIL_HOST = "no.such.host.invalid"
    with pytest.raises(ServiceUnavailable):
        deliver(mail, begin=begin)
    assert begin.asked == 0


def test_a_frozen_server_is_away_within_the_timeout(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin, settings: Any
) -> None:
    settings.EMAIL_TIMEOUT = 0.3
    mail_server.freeze()
    try:
        with pytest.raises(ServiceUnavailable):
            deliver(mail, begin=begin)
    finally:
        mail_server.thaw()
    assert begin.asked == 0


def test_another_backend_gets_djangos_message(
    mail: InvoiceMail, begin: Begin, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    deliver(mail, begin=begin)
    probe_mail_server()
    (sent,) = django_mail.outbox
    assert sent.extra_headers["Message-ID"] == mail.message_id
    assert begin.asked == 1


def test_no_socket_is_left_open(
    mail_server: Smtp, mail: InvoiceMail, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[socket.socket] = []
    connect: Callable[..., socket.socket] = socket.create_connection

    def watched(*args: Any, **options: Any) -> socket.socket:
        opened.append(connect(*args, **options))
        return opened[-1]

    monkeypatch.setattr(socket, "create_connection", watched)
    deliver(mail, begin=begin)
    mail_server.behave("refuse_recipient", times=1)
    with pytest.raises(MailRefused):
        deliver(mail, begin=begin)
    mail_server.behave("cut_before_answer", times=1)
    with pytest.raises(EffectUnknown):
        deliver(mail, begin=begin)
    probe_mail_server()
    assert len(opened) == 4
    assert all(each.fileno() == -1 for each in opened)

"""Delivery, answer by answer: what each thing that a mail server can say means."""

from contextlib import nullcontext
from typing import Any

import pytest

from events.errors import EffectUnknown, ServiceUnavailable
from invoices.delivery import MailPostponed, MailRefused
from invoices.mail import InvoiceMail
from local.smtp import Smtp
from tests.integration.invoices.offering import Begin, deliver
from tests.integration.invoices.scripted_smtp import (
    EHLO,
    GREETING,
    OK,
    scripted_server,
    slow_last_word,
)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ((b"421 too busy\r\n",), ServiceUnavailable),
        ((b"554 not here\r\n",), ServiceUnavailable),
        ((b"garbage\r\n",), ServiceUnavailable),
        ((GREETING, b"500 what\r\n", b"500 what\r\n"), ServiceUnavailable),
        ((GREETING, EHLO, b"421 shutting down\r\n"), ServiceUnavailable),
        ((GREETING, EHLO, b"530 log in first\r\n"), ServiceUnavailable),
        ((GREETING, EHLO, b"451 not now\r\n"), MailPostponed),
        ((GREETING, EHLO, b"552 too large\r\n"), MailRefused),
        ((GREETING, EHLO, OK, b"999 ???\r\n"), MailPostponed),
        ((GREETING, EHLO, OK, None), MailPostponed),
        ((GREETING, EHLO, OK, OK, b"451 not now\r\n"), MailPostponed),
        ((GREETING, EHLO, OK, OK, b"554 no\r\n"), MailRefused),
        ((GREETING, EHLO, OK, OK, None), MailPostponed),
    ],
)
def test_before_the_content_every_answer_is_certain(
    *,
    mail: InvoiceMail,
    begin: Begin,
    mail_server: Smtp,
    settings: Any,
    answers: tuple[bytes | None, ...],
    error: type[Exception],
) -> None:
    with scripted_server(*answers) as (port, _):
        settings.EMAIL_PORT = port
        with pytest.raises(error) as raised:
            deliver(mail, begin=begin)
    assert type(raised.value) is error
    assert begin.asked == 0


def test_a_server_that_goes_away_in_the_middle_is_not_the_mails_fault(
    mail: InvoiceMail, begin: Begin, mail_server: Smtp, settings: Any
) -> None:
    with scripted_server(GREETING, EHLO, OK, None, only_once=True) as (port, _):
        settings.EMAIL_PORT = port
        with pytest.raises(ServiceUnavailable):
            deliver(mail, begin=begin)
    assert begin.asked == 0


def test_the_size_is_announced_to_a_server_that_asks(
    mail: InvoiceMail, begin: Begin, mail_server: Smtp, settings: Any
) -> None:
    with scripted_server(GREETING, EHLO, b"552 too large\r\n") as (port, heard):
        settings.EMAIL_PORT = port
        with pytest.raises(MailRefused):
            deliver(mail, begin=begin)
    assert f"size={len(mail.raw)}".encode() in heard[1]


@pytest.mark.parametrize(
    ("last_word", "error"),
    [
        (b"250 taken\r\n", None),
        (b"", EffectUnknown),
        (b"451 not now\r\n", MailPostponed),
        (b"421 shutting down\r\n", ServiceUnavailable),
        (b"554 no\r\n", MailRefused),
    ],
)
def test_the_last_word_may_take_longer_than_any_other(
    *,
    mail: InvoiceMail,
    begin: Begin,
    mail_server: Smtp,
    settings: Any,
    last_word: bytes,
    error: type[Exception] | None,
) -> None:
    settings.EMAIL_TIMEOUT = 0.4
    with slow_last_word(last_word, after_s=0.8) as port:
        settings.EMAIL_PORT = port
        with pytest.raises(error) if error else nullcontext():
            deliver(mail, begin=begin)
    assert begin.asked == 1


@pytest.mark.parametrize(
    ("greeted", "changes"),
    [
        (b"250-here\r\n250 AUTH PLAIN\r\n", {"EMAIL_HOST_USER": "u", "EMAIL_HOST_PASSWORD": "p"}),
        (EHLO, {"EMAIL_HOST_USER": "u", "EMAIL_HOST_PASSWORD": "p"}),
        (EHLO, {"EMAIL_USE_TLS": True}),
    ],
)
def test_a_server_that_does_not_let_us_in_is_never_the_mails_fault(
    *,
    mail: InvoiceMail,
    begin: Begin,
    mail_server: Smtp,
    settings: Any,
    greeted: bytes,
    changes: dict[str, Any],
) -> None:
    with scripted_server(GREETING, greeted, b"535 wrong\r\n") as (port, _):
        settings.EMAIL_PORT = port
        for name, value in changes.items():
            setattr(settings, name, value)
        with pytest.raises(ServiceUnavailable):
            deliver(mail, begin=begin)
    assert begin.asked == 0

"""The SMTP server: keeps what it answered for, and misbehaves as told."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from local.mail import Behaviour
from local.smtp import Smtp
from local.stack import Stack


@pytest.fixture
def smtp(stack: Stack) -> Iterator[Smtp]:
    server = stack.smtp
    server.journal.clear()
    yield server
    server.behave("accept")


def send(smtp: Smtp, message_id: str = "<1042@waybill>", *, timeout_s: float = 5.0) -> None:
    message = EmailMessage()
    message["Message-ID"] = message_id
    message["From"], message["To"] = "from@example.org", "to@example.org"
    message.set_content("Grüße\n.\n")
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=timeout_s) as client:
        client.send_message(message)


def identifiers(smtp: Smtp) -> list[str]:
    return [mail.message_id for mail in smtp.mails()]


def test_a_mail_survives_kill_9_with_its_envelope(smtp: Smtp) -> None:
    send(smtp)
    smtp.kill()
    smtp.start()
    smtp.wait_ready()
    send(smtp, "<1043@waybill>")
    first, second = smtp.wait_for_mails(2)
    assert (first.sender, first.recipients) == ("from@example.org", ["to@example.org"])
    assert first.message_id == "<1042@waybill>"
    assert first.message.get_content().splitlines() == ["Grüße", "."]
    assert second.received_at > first.received_at


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [("refuse_data_for_now", 451), ("refuse_data", 554)],
)
def test_a_refusal_at_data_stores_nothing(smtp: Smtp, behaviour: Behaviour, code: int) -> None:
    smtp.behave(behaviour)
    with pytest.raises(smtplib.SMTPDataError) as refusal:
        send(smtp)
    assert (refusal.value.smtp_code, smtp.mails()) == (code, [])


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [("refuse_recipient_for_now", 451), ("refuse_recipient", 550)],
)
def test_a_refusal_at_the_recipient(smtp: Smtp, behaviour: Behaviour, code: int) -> None:
    smtp.behave(behaviour, times=1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send(smtp)
    assert refusal.value.recipients["to@example.org"][0] == code
    send(smtp)
    assert len(smtp.mails()) == 1


@pytest.mark.parametrize(
    ("behaviour", "stored"),
    [("cut_before_storing", 0), ("cut_before_answer", 1)],
)
def test_a_cut_connection_leaves_the_sender_in_doubt(
    smtp: Smtp, behaviour: Behaviour, stored: int
) -> None:
    smtp.behave(behaviour)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(smtp)
    assert len(smtp.mails()) == stored


def test_a_cut_after_the_answer_is_a_success_all_the_same(smtp: Smtp) -> None:
    smtp.behave("cut_after_answer")
    send(smtp)
    assert identifiers(smtp) == ["<1042@waybill>"]


@pytest.mark.parametrize(
    ("behaviour", "stored"),
    [("hang_at_recipient", 0), ("hang_at_data", 0), ("hang_after_storing", 1)],
)
def test_a_hanging_server_never_answers(smtp: Smtp, behaviour: Behaviour, stored: int) -> None:
    smtp.behave(behaviour)
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(smtp, timeout_s=0.4)
    assert len(smtp.mails()) == stored


def test_a_frozen_server_does_not_answer_until_thawed(smtp: Smtp) -> None:
    smtp.freeze()
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(smtp, timeout_s=0.4)
    smtp.thaw()
    smtp.wait_ready()
    send(smtp)

"""The waybill in a terminal."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.audit_rows import a_dead_letter, a_publication, an_attempt, an_event, at

pytestmark = pytest.mark.django_db


def traced(name: str) -> str:
    out = StringIO()
    call_command("traceevent", name, stdout=out)
    return out.getvalue()


def test_one_event_is_told_in_full() -> None:
    event = an_event("1042")
    a_publication(event)
    an_attempt(event, after_s=1.0)

    text = traced("1042")

    assert f"Waybill {event.pk}" in text
    assert "state    published" in text
    assert "12:00:00.020                   Published at order_invoices:1:128" in text
    assert "12:00:01.010  ! notifications  Attempt 1 failed" in text
    assert "error: smtplib.SMTPServerDisconnected: gone" in text


def test_control_characters_cannot_command_the_terminal() -> None:
    event = an_event("10\x1b[2J42", type="invoice.requested")
    an_attempt(event, error="line one\n\x1b]0;owned\x07")

    text = traced(str(event.pk))

    assert "\x1b" not in text
    assert "\x07" not in text
    assert "10\\x1b[2J42" in text
    assert "error: line one\\n\\x1b]0;owned\\x07" in text


def test_several_events_are_listed_with_their_ids() -> None:
    ids = [str(an_event("1042", accepted_at=at(second)).pk) for second in (1, 2)]

    text = traced("1042")

    assert all(identifier in text for identifier in ids)
    assert "trace one by its id" in text


def test_a_foreign_message_is_named_though_it_has_no_waybill() -> None:
    letter = a_dead_letter(None, partition=2, offset=7)

    text = traced("order_invoices:2:7")

    assert "Not published here" in text
    assert str(letter.pk) in text


def test_nothing_found_says_what_can_be_asked_for() -> None:
    with pytest.raises(CommandError, match="event id, key, subject, dedupe key"):
        traced("nothing")

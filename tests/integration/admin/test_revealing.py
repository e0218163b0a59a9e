"""What events and dead letters say is masked, and shown once after the look is written down."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from events.models import DeadLetter, Event, OperatorAction, TopicGrant
from tests.audit_rows import a_dead_letter, an_event
from tests.integration.admin.doing import WHY, audited, confirm, plan
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

SECRET = b'{"iban":"SECRET-VALUE"}'
TEXT = "SECRET-VALUE"


def the_event() -> Event:
    return an_event(value=SECRET, headers=[["tenant", "SECRET-HEADER"]])


def the_letter() -> DeadLetter:
    return a_dead_letter(an_event(), key=b"SECRET-KEY", value=SECRET)


def page(row: Event | DeadLetter) -> str:
    return address(type(row), "change", row.pk)


def reveal(row: Event | DeadLetter) -> str:
    name = "event_reveal" if isinstance(row, Event) else "deadletter_message"
    return reverse(f"admin:events_{name}", args=[row.pk])


def download(row: Event | DeadLetter) -> str:
    name = "event_value" if isinstance(row, Event) else "deadletter_value"
    return reverse(f"admin:events_{name}", args=[row.pk])


ROWS = pytest.mark.parametrize("make", [the_event, the_letter])


@ROWS
def test_it_is_masked_until_a_reason_is_given_and_shown_once(superuser: Client, make: Any) -> None:
    row = make()
    assert reveal(row) in plan(superuser, page(row))
    for hidden in (
        superuser.get(page(row)),
        superuser.get(reveal(row), follow=True),
        superuser.get(download(row), follow=True),
        confirm(superuser, reveal(row), reason=" "),
        confirm(superuser, download(row), reason=" "),
        superuser.post(reveal(row), {"reason": WHY}),
    ):
        assert hidden.status_code == 200
        assert "SECRET" not in hidden.content.decode()
    assert audited() == []

    shown = confirm(superuser, reveal(row)).content.decode()

    assert TEXT in shown
    assert f'value="{WHY}"' in shown  # with which the download is asked for
    assert ("SECRET-HEADER" if isinstance(row, Event) else "SECRET-KEY") in shown
    assert audited() == [("ada", "reveal", WHY, True)]
    assert OperatorAction.objects.get().target_id == str(row.pk)
    assert "SECRET" not in plan(superuser, page(row))


@ROWS
def test_the_bytes_are_a_file_for_those_who_say_why(superuser: Client, make: Any) -> None:
    row = make()

    answer = confirm(superuser, download(row))

    assert answer.content == SECRET
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert audited() == [("ada", "reveal", WHY, True)]


@ROWS
def test_without_the_grant_nothing_is_offered_or_shown_and_the_refusal_is_written(
    viewer: Client, make: Any
) -> None:
    row = make()
    text = plan(viewer, page(row))
    assert "SECRET" not in text
    assert reveal(row) not in text
    assert "those with a grant to see values of" in text

    for there in (reveal(row), download(row)):
        answer = confirm(viewer, there)
        assert answer.status_code == 403
        assert "SECRET" not in answer.content.decode()
    assert audited() == [("bob", "reveal", WHY, False)] * 2

    bob = User.objects.get(username="bob")
    TopicGrant.objects.create(user=bob, topic="order_*", may_see_values=True)
    assert TEXT in confirm(viewer, reveal(row)).content.decode()


@ROWS
def test_if_the_look_cannot_be_written_down_nothing_is_shown(superuser: Client, make: Any) -> None:
    row = make()
    superuser.raise_request_exception = False

    with connection.execute_wrapper(audit_is_full):
        answer = confirm(superuser, reveal(row))

    assert answer.status_code >= 500
    assert "SECRET" not in answer.content.decode()


def audit_is_full(execute: Any, sql: str, *rest: Any) -> Any:
    if sql.startswith('INSERT INTO "events_operatoraction"'):
        raise OperationalError("could not extend file: No space left on device")
    return execute(sql, *rest)


@pytest.mark.parametrize("value", [None, b"", b"\x00\xff", b"text", b"[" * 5_000])
def test_every_kind_of_message_can_be_looked_at(superuser: Client, value: bytes | None) -> None:
    headers = [["odd", "not base64"], ["null", None], ["bytes", "/wA="]]
    row = a_dead_letter(None, key=value, value=value, headers=headers)

    assert "odd: not base64" in confirm(superuser, reveal(row)).content.decode()


def test_another_site_cannot_reveal_in_somebodys_name(superuser: Client) -> None:
    row = the_event()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(User.objects.get(username="ada"))

    assert confirm(careful, reveal(row)).status_code == 403
    assert audited() == []


def test_a_tombstone_is_told_without_asking_and_its_headers_are_not(superuser: Client) -> None:
    bare, told = an_event(value=None, headers=[]), an_event(value=None)

    assert reveal(bare) not in plan(superuser, page(bare))
    assert reveal(told) in plan(superuser, page(told))
    assert download(told) not in plan(superuser, page(told))
    assert "north" in confirm(superuser, reveal(told)).content.decode()

"""A dead letter's message is edited as text, shown as a difference, then redriven."""

import base64
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from events.consuming.letter_record import headers_of, stored_headers
from events.models import DeadLetter, TopicGrant
from tests.audit_rows import a_dead_letter
from tests.integration.admin.doing import GROUP, WHY, audited, plan
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

KEY = "notification:invoices:1042"
TIGHT = b'{"order_id":"1042","country":"XX"}'
HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"e-1"),
    ("ce_source", b"/shop"),
    ("ce_type", b"invoice.requested"),
    ("blob", b"\xff\x00"),
    ("nothing", None),
    ("lines", b"one\ntwo"),
)


def a_letter(value: bytes | None = TIGHT, **fields: Any) -> DeadLetter:
    return a_dead_letter(
        None,
        **{
            "group": GROUP,
            "value": value,
            "headers": stored_headers(HEADERS),
            "dedupe_key": KEY,
            **fields,
        },
    )


def page(letter: DeadLetter) -> str:
    return reverse("admin:events_deadletter_edit", args=[letter.pk])


LOOK = "to see what it said"
LOOKED = ("olga", "reveal", LOOK, True)


def opened(client: Client, letter: DeadLetter) -> Any:
    """The form, once the reason to see the message is given."""
    return client.post(page(letter), {"confirmed": "yes", "reason": LOOK})


def sent(client: Client, letter: DeadLetter, **changes: str) -> dict[str, str]:
    """What the browser sends: the form as it is shown, changed here and there."""
    context = opened(client, letter).context
    initial = context["form"].initial
    shown = {name: str(value).replace("\n", "\r\n") for name, value in initial.items()}
    return {**shown, "opened": context["opened"], **changes}


@pytest.fixture
def editor(operator: Client) -> Client:
    """An operator who may see values."""
    user = User.objects.get(username="olga")
    TopicGrant.objects.create(user=user, topic="order_*", may_see_values=True)
    return operator


def test_an_edit_is_shown_as_a_difference_and_redriven_with_a_reason(editor: Client) -> None:
    letter = a_letter()
    assert page(letter) in plan(editor, address(DeadLetter, "change", letter.pk))
    edited = sent(editor, letter)
    edited["value"] = edited["value"].replace("XX", "DE")

    preview = editor.post(page(letter), edited)

    told = {
        name: [(line.sign, line.text) for line in lines]
        for name, lines in preview.context["differences"]
    }
    assert told == {
        "Value": [
            (" ", "{"),
            (" ", '  "order_id": "1042",'),
            ("-", '  "country": "XX"'),
            ("+", '  "country": "DE"'),
            (" ", "}"),
        ]
    }
    assert f"Its dedupe key stays {KEY}" in preview.content.decode()
    assert (
        editor.post(page(letter), {**edited, "confirmed": "yes", "reason": " "}).status_code == 200
    )
    assert DeadLetter.objects.count() == 1
    assert audited() == [LOOKED]

    done = editor.post(page(letter), {**edited, "confirmed": "yes", "reason": WHY})

    child = DeadLetter.objects.get(parent=letter)
    assert done["Location"] == address(DeadLetter, "change", child.pk)
    assert bytes(child.value or b"") == b'{"order_id":"1042","country":"DE"}'
    assert headers_of(child.headers) == HEADERS
    assert child.state == "redriving"
    letter.refresh_from_db()
    assert (letter.state, bytes(letter.value or b"")) == ("redriven", TIGHT)
    assert audited() == [LOOKED, ("olga", "edit_and_redrive", WHY, True)]


def test_headers_are_edited_line_by_line_and_the_value_stays_to_the_byte(editor: Client) -> None:
    odd = b'{ "order_id" :"1042" }\n'
    letter = a_letter(odd)
    edited = sent(editor, letter)
    assert "blob:: /wA=" in edited["headers"]
    edited["headers"] += "\r\ntenant: north\r\nempty:\r\nnull"

    editor.post(page(letter), {**edited, "confirmed": "yes", "reason": WHY})

    child = DeadLetter.objects.get(parent=letter)
    assert bytes(child.value or b"") == odd
    more = (("tenant", b"north"), ("empty", b""), ("null", None))
    assert headers_of(child.headers) == HEADERS + more


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Nothing is edited"),
        ({"headers": ": nameless"}, "names no header"),
        ({"headers": "a:: not base64!"}, "is no base64"),
        ({"written": "base64", "value": "%%%"}, "is no base64"),
    ],
)
def test_what_cannot_be_read_is_said_before_any_plan(
    editor: Client, changes: dict[str, str], said: str
) -> None:
    letter = a_letter()

    answer = editor.post(
        page(letter), {**sent(editor, letter, **changes), "confirmed": "yes", "reason": WHY}
    )

    assert said in answer.content.decode()
    assert DeadLetter.objects.count() == 1
    assert audited() == [LOOKED]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "no json"}, "not JSON"),
        ({"value": '{"order_id": "1043"}'}, "that is another effect"),
        ({"headers": "ce_specversion: 1.0\nce_type: elsewhere\nce_id: 1\nce_source: /s"}, "takes"),
    ],
)
def test_problems_are_shown_and_nothing_can_be_done(
    editor: Client, changes: dict[str, str], said: str
) -> None:
    letter = a_letter()
    edited = sent(editor, letter, **changes)

    preview = editor.post(page(letter), edited).content.decode()

    assert said in preview
    assert 'name="reason"' not in preview
    assert "Edit further" in preview
    assert "Its dedupe key stays" not in preview
    editor.post(page(letter), {**edited, "confirmed": "yes", "reason": WHY})
    assert DeadLetter.objects.count() == 1


def test_edit_further_keeps_what_was_written(editor: Client) -> None:
    letter = a_letter()

    again = editor.post(page(letter), {**sent(editor, letter, value="half"), "again": "yes"})

    assert "half" in again.content.decode()
    assert again.templates[0].name == "events/edit.html"


def test_bytes_and_null_are_edited_too(editor: Client) -> None:
    letter = a_letter(b"\xff\xfe", dedupe_key="")
    form = opened(editor, letter).context["form"]
    assert (form.initial["written"], form.initial["value"]) == ("base64", "//4=")
    right = base64.b64encode(TIGHT).decode()

    done = editor.post(
        page(letter),
        {**sent(editor, letter, value=right), "confirmed": "yes", "reason": WHY},
    )

    assert done.status_code == 302
    assert bytes(DeadLetter.objects.get(parent=letter).value or b"") == TIGHT
    null = editor.post(page(a_letter(offset=9)), sent(editor, letter, written="null"))
    assert "null" in null.content.decode()


def test_only_those_who_see_values_and_operate_may_edit(operator: Client, viewer: Client) -> None:
    letter = a_letter()
    for client in (operator, viewer):
        assert page(letter) not in plan(client, address(DeadLetter, "change", letter.pk))
        assert client.get(page(letter)).status_code == 403
    assert audited() == []

    for client, name in ((operator, "olga"), (viewer, "bob")):
        answer = client.post(page(letter), {"value": "{}", "confirmed": "yes", "reason": WHY})
        assert answer.status_code == 403
        assert (name, "edit_and_redrive", WHY, False) in audited()
    assert DeadLetter.objects.count() == 1


def test_headers_that_no_line_can_tell_are_not_edited_here(editor: Client) -> None:
    letter = a_letter(headers=stored_headers((("a:b", b"x"),)))

    text = opened(editor, letter).content.decode()

    assert "cannot be edited here" in text
    assert 'name="value"' not in text


def test_nothing_of_the_message_is_there_before_the_look_is_written_down(editor: Client) -> None:
    letter, other = a_letter(b'"SECRET"'), a_letter(b'"SECRET"', offset=2)
    foreign = sent(editor, other)
    closed = (
        editor.get(page(letter)),
        editor.post(page(letter), {"confirmed": "yes", "reason": " "}),
        editor.post(page(letter), {**foreign, "value": "1", "again": "yes"}),
        editor.post(page(letter), {**foreign, "value": "1", "opened": "forged"}),
    )
    for answer in closed:
        assert answer.status_code == 200
        assert "SECRET" not in answer.content.decode()
        assert answer.templates[0].name == "events/edit_open.html"
    assert audited() == [LOOKED]

    assert "SECRET" in opened(editor, letter).content.decode()
    assert audited() == [LOOKED] * 2

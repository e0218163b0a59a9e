"""Dead letters are redriven and discarded from the console: said beforehand, with a reason."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from events.models import ClosedKey, DeadLetter, Event, OperatorAction, TopicGrant
from tests.audit_rows import a_closed_key, a_dead_letter, an_event
from tests.integration.admin.doing import GROUP, WHY, audited, confirm, plan
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

LIST = address(DeadLetter, "changelist")


def a_letter(offset: int = 1, **fields: Any) -> DeadLetter:
    return a_dead_letter(None, group=GROUP, offset=offset, **fields)


def page(operation: str, **chosen: Any) -> str:
    return f"{reverse(f'admin:events_deadletter_{operation}')}?{urlencode(chosen, doseq=True)}"


def states() -> dict[int, str]:
    return dict(DeadLetter.objects.values_list("offset", "state"))


@pytest.mark.parametrize(
    ("operation", "state"), [("redrive", "redriving"), ("discard", "discarded")]
)
def test_one_letter_is_dealt_with_once_the_reason_is_given(
    operator: Client, operation: str, state: str
) -> None:
    letter, other = a_letter(), a_letter(2)
    there = page(operation, id=letter.pk)
    assert there in operator.get(address(DeadLetter, "change", letter.pk)).content.decode()

    assert "1 dead letter" in plan(operator, there)
    for missing in ("", "  "):
        assert confirm(operator, there, reason=missing).status_code == 200
    assert operator.post(there, {"reason": WHY}).status_code == 200
    assert set(states().values()) == {"open"}
    assert audited() == []

    assert confirm(operator, there).status_code == 302
    assert states() == {letter.offset: state, other.offset: "open"}
    letter.refresh_from_db()
    assert letter.reason == WHY
    assert audited() == [("olga", operation, WHY, True)]
    assert page("redrive", id=letter.pk) not in plan(
        operator, address(DeadLetter, "change", letter.pk)
    )


def test_the_chosen_of_a_list_lead_to_their_plan(operator: Client) -> None:
    chosen = [a_letter(number).pk for number in range(3)]
    a_letter(9)

    sent = operator.post(LIST, {"action": "redrive", "_selected_action": chosen})

    assert sent.status_code == 302
    assert "3 dead letters" in plan(operator, sent["Location"])
    confirm(operator, sent["Location"])
    assert states() == {0: "redriving", 1: "redriving", 2: "redriving", 9: "open"}
    assert len(audited()) == 3


def test_all_of_a_filter_are_redriven_and_what_is_left_is_told(operator: Client) -> None:
    for number in range(4):
        a_letter(number)
    a_letter(4, exception="smtplib.SMTPDataError")
    a_letter(5, state="discarded")
    a_letter(6, topic="salaries")  # not the operator's
    chosen = {"group": GROUP, "exception": "invoices.errors.NoTaxRate"}

    listed = operator.get(f"{LIST}?{urlencode({'state': 'open', **chosen})}").content.decode()
    assert "Redrive all of this filter" in listed
    text = plan(operator, page("redrive", **chosen))

    assert "4 dead letters" in text
    assert "4 of invoices.errors.NoTaxRate" in text
    confirm(operator, page("redrive", **chosen))
    assert states() == {
        **dict.fromkeys(range(4), "redriving"),
        4: "open",
        5: "discarded",
        6: "open",
    }
    assert audited() == [("olga", "redrive", WHY, True)]


def test_a_letter_that_closed_its_key_says_that_the_key_is_released(operator: Client) -> None:
    letter = a_letter()
    key = a_closed_key(group=GROUP, cause="quarantined", head=letter)

    assert "1 closed key released" in plan(operator, page("redrive", id=letter.pk))
    assert "1 key closed by these letters" in plan(operator, page("discard", id=letter.pk))
    confirm(operator, page("redrive", id=letter.pk))

    assert ClosedKey.objects.get(pk=key.pk).released_at is not None
    assert states() == {1: "held"}


def test_what_cannot_be_done_says_why_and_asks_for_nothing(operator: Client) -> None:
    done = a_letter(state="redriven", result="done")

    text = plan(operator, page("redrive", id=done.pk))

    assert "was redriven already (done)" in text
    assert 'name="reason"' not in text


def test_a_held_letter_can_be_discarded_but_not_redriven(operator: Client) -> None:
    held = a_letter(state="held", exception="", error="")

    shown = operator.get(address(DeadLetter, "change", held.pk)).content.decode()

    assert page("discard", id=held.pk) in shown
    assert page("redrive", id=held.pk) not in shown
    assert "release the key" in plan(operator, page("redrive", id=held.pk))


@pytest.mark.parametrize("operation", ["redrive", "discard"])
def test_who_may_only_look_is_offered_nothing_and_refused_with_a_row(
    viewer: Client, operation: str
) -> None:
    letter = a_letter()
    shown = viewer.get(address(DeadLetter, "change", letter.pk)).content.decode()
    listed = viewer.get(f"{LIST}?group={GROUP}").content.decode()
    kinds = viewer.get(reverse("admin:events_deadletter_kinds")).content.decode()
    for text in (shown, listed, kinds):
        assert "/redrive/" not in text
        assert "/discard/" not in text

    for there in (page(operation, id=letter.pk), page(operation, group=GROUP)):
        assert viewer.get(there).status_code == 403
        assert audited() == [] or there.endswith(GROUP)
        assert confirm(viewer, there).status_code == 403
    sent = viewer.post(LIST, {"action": operation, "_selected_action": [letter.pk]})

    assert sent.status_code == 403
    assert states() == {1: "open"}
    assert audited()[:2] == [("bob", operation, WHY, False)] * 2
    assert len(audited()) == 3


def test_djangos_permission_without_a_grant_to_operate_is_not_enough(operator: Client) -> None:
    TopicGrant.objects.update(may_operate=False)
    letter = a_letter()

    assert "/redrive/" not in plan(operator, address(DeadLetter, "change", letter.pk))
    assert confirm(operator, page("redrive", id=letter.pk)).status_code == 403

    refused = OperatorAction.objects.get()
    assert not refused.allowed
    assert refused.target_id == str(letter.pk)
    assert "no grant" in refused.details["refused"]


def test_of_a_mixed_choice_what_is_not_the_operators_is_left(operator: Client) -> None:
    user = User.objects.get(username="olga")
    TopicGrant.objects.create(user=user, topic="salaries", may_read=True)
    mine, foreign = a_letter(1), a_letter(2, topic="salaries")
    there = page("discard", id=[mine.pk, foreign.pk])

    text = plan(operator, there)
    confirm(operator, there)

    assert f"{foreign.pk}: you have no grant to operate on topic salaries" in text
    assert states() == {1: "discarded", 2: "open"}


def test_letters_one_may_not_read_are_not_there(operator: Client) -> None:
    foreign = a_letter(topic="salaries")

    for name in ("redrive", "discard"):
        assert operator.get(page(name, id=foreign.pk)).status_code == 404
    edit = reverse("admin:events_deadletter_edit", args=[foreign.pk])
    assert operator.get(edit).status_code == 404


@pytest.mark.parametrize(
    "query", ["", "id=nonsense", "group=%00", "state=open", "&".join(["id=" + str(uuid4())] * 201)]
)
def test_a_choice_that_is_none_is_a_bad_request(operator: Client, query: str) -> None:
    a_letter()

    there = f"{reverse('admin:events_deadletter_redrive')}?{query}"

    assert operator.get(there).status_code == 400
    assert confirm(operator, there).status_code == 400
    assert states() == {1: "open"}


def test_the_letter_tells_where_it_came_from_and_where_it_led(superuser: Client) -> None:
    event = an_event()
    parent = a_dead_letter(event, state="redriven", result="failed again: see the child")
    child = a_dead_letter(event, parent=parent)

    assert address(DeadLetter, "change", child.pk) in plan(
        superuser, address(DeadLetter, "change", parent.pk)
    )
    text = plan(superuser, address(DeadLetter, "change", child.pk))
    assert address(DeadLetter, "change", parent.pk) in text
    assert "failed again" in plan(superuser, address(DeadLetter, "change", parent.pk))
    waybill = plan(superuser, address(Event, "change", event.pk))
    for place, letter in (("led to", child), ("came from", parent)):
        link = address(DeadLetter, "change", letter.pk)
        assert re.search(f"{place}</dt><dd><a [^>]*{link}", waybill), place

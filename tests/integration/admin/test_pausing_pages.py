"""Groups, topics, partitions and keys are paused and resumed from the console."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.models import ClosedKey, OperatorAction, Pause, TopicGrant
from tests.audit_rows import a_closed_key, a_dead_letter, a_pause
from tests.integration.admin.doing import GROUP, WHY, audited, confirm, plan
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

TOPIC = "order_invoices"


def page(**chosen: Any) -> str:
    return f"{reverse('admin:pausing')}?{urlencode({'group': GROUP, 'lasts': '', **chosen})}"


def resume(row: Pause | ClosedKey) -> str:
    name = "pause_resume" if isinstance(row, Pause) else "closedkey_release"
    return reverse(f"admin:events_{name}", args=[row.pk])


def test_the_form_is_asked_first_and_changes_nothing(operator: Client) -> None:
    asked = operator.get(f"{reverse('admin:pausing')}?group={GROUP}&topic={TOPIC}")

    form = asked.context["form"]
    assert (form["group"].value(), form["topic"].value()) == (GROUP, TOPIC)
    assert address(Pause, "changelist") in plan(operator, reverse("admin:pausing"))
    assert not Pause.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "said", "stored"),
    [
        ({}, "nothing more of any of its topics", ("", None)),
        ({"topic": TOPIC}, f"nothing more of {TOPIC}", (TOPIC, None)),
        ({"topic": TOPIC, "partition": 1}, f"partition 1 of {TOPIC}", (TOPIC, 1)),
    ],
)
def test_a_group_a_topic_and_a_partition_are_paused(
    operator: Client, chosen: dict[str, Any], said: str, stored: tuple[str, int | None]
) -> None:
    assert said in plan(operator, page(**chosen))
    assert confirm(operator, page(**chosen), reason=" ").status_code == 200
    assert not Pause.objects.exists()

    assert confirm(operator, page(**chosen)).status_code == 302

    row = Pause.objects.get()
    assert (row.topic, row.partition, row.by, row.reason, row.until) == (
        *stored, "olga", WHY, None,
    )  # fmt: skip
    assert audited() == [("olga", "pause", WHY, True)]


def test_a_pause_may_end_by_itself(operator: Client) -> None:
    confirm(operator, page(lasts="1h"))
    confirm(operator, page(topic=TOPIC, lasts="at", until="2099-01-02T03:04"))

    first, second = Pause.objects.order_by("id")
    assert first.until is not None
    assert timedelta(minutes=59) < first.until - timezone.now() < timedelta(minutes=61)
    assert f"{second.until:%Y-%m-%d %H:%M %z}" == "2099-01-02 03:04 +0000"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"group": "nobody"}, "Select a valid choice"),
        ({"topic": "salaries"}, "Select a valid choice"),
        ({"partition": 1}, "A partition belongs to a topic"),
        ({"key": "1042"}, "A key belongs to a topic"),
        ({"key": "1042", "topic": TOPIC, "partition": 0}, "always in the same partition"),
        ({"key": "%%%", "topic": TOPIC, "key_is_base64": "on"}, "This is no base64"),
        ({"close": "yes", "topic": TOPIC}, "Say which key"),
        ({"lasts": "at"}, "Say until when"),
        ({"lasts": "at", "until": "tomorrow"}, "Enter a valid date/time"),
    ],
)
def test_what_is_no_choice_is_said_and_nothing_is_paused(
    superuser: Client, chosen: dict[str, Any], said: str
) -> None:
    assert said in plan(superuser, page(**chosen))
    confirm(superuser, page(**chosen))
    assert not Pause.objects.exists()
    assert not ClosedKey.objects.exists()


def test_what_the_service_refuses_is_said_on_the_page(operator: Client) -> None:
    a_pause(group=GROUP, topic="", reason="a deploy")

    text = confirm(operator, page()).content.decode()

    assert "it is paused already, by ada (a deploy)" in text
    assert Pause.objects.count() == 1
    over = confirm(operator, page(lasts="at", until="2020-01-02T03:04")).content.decode()
    assert "is over already" in over


@pytest.mark.parametrize(
    ("key", "more", "stored"),
    [("1042", {}, b"1042"), ("/wA=", {"key_is_base64": "on"}, b"\xff\0")],
)
def test_a_key_is_closed_and_released(
    operator: Client, key: str, more: dict[str, str], stored: bytes
) -> None:
    there = page(key=key, topic=TOPIC, close="yes", **more)
    assert "handles no message of this key" in plan(operator, there)

    assert confirm(operator, there).status_code == 302

    row = ClosedKey.objects.get()
    assert (bytes(row.key), row.cause, row.by) == (stored, "paused", "olga")
    assert resume(row) in plan(operator, address(ClosedKey, "change", row.pk))
    for number in range(3):
        a_dead_letter(None, group=GROUP, key=stored, offset=number, state="held", exception="")
    assert "3 held messages" in plan(operator, resume(row))
    assert confirm(operator, resume(row), reason="").status_code == 200
    assert confirm(operator, resume(row)).status_code == 302
    row.refresh_from_db()
    assert row.released_at is not None
    assert resume(row) not in plan(operator, address(ClosedKey, "change", row.pk))
    assert audited() == [("olga", "pause", WHY, True), ("olga", "resume", WHY, True)]


def test_a_pause_is_resumed_with_a_reason(operator: Client) -> None:
    row = a_pause(group=GROUP, topic="", reason="a deploy")
    assert resume(row) in plan(operator, address(Pause, "change", row.pk))
    assert "a deploy" in plan(operator, resume(row))
    assert confirm(operator, resume(row), reason="").status_code == 200

    assert confirm(operator, resume(row)).status_code == 302

    row.refresh_from_db()
    assert (row.resumed_by, row.resumed_at is not None) == ("olga", True)
    assert resume(row) not in plan(operator, address(Pause, "change", row.pk))
    assert "resumed already" in confirm(operator, resume(row)).content.decode()


def test_held_messages_are_shown_in_their_order_and_counted_up_to_a_bound(
    superuser: Client,
) -> None:
    head = a_dead_letter(None, group=GROUP, offset=1)
    row = a_closed_key(group=GROUP, cause="quarantined", head=head)
    later, sooner = (
        a_dead_letter(None, group=GROUP, offset=number, state="held", exception="")
        for number in (9, 4)
    )

    text = plan(superuser, address(ClosedKey, "change", row.pk))

    links = [str(each.pk) for each in (head, sooner, later)]
    assert sorted(links, key=text.index) == links
    [listed] = superuser.get(address(ClosedKey, "changelist")).context["cl"].result_list
    assert vars(listed)["held_now"] == 2


def test_who_may_only_look_is_offered_nothing_and_refused_with_a_row(viewer: Client) -> None:
    pause, key = a_pause(group=GROUP, topic=""), a_closed_key(group=GROUP)
    for row in (pause, key):
        assert resume(row) not in plan(viewer, address(type(row), "change", row.pk))
        assert reverse("admin:pausing") not in plan(viewer, address(type(row), "changelist"))

    pages = (page(), page(key="1", topic=TOPIC), resume(pause), resume(key))
    for there in pages:
        assert viewer.get(there).status_code == 403, there
        assert confirm(viewer, there).status_code == 403, there
    assert audited() == [
        ("bob", "pause", WHY, False),
        ("bob", "pause", WHY, False),
        ("bob", "resume", WHY, False),
        ("bob", "resume", WHY, False),
    ]
    assert Pause.objects.filter(resumed_at__isnull=True).count() == 1


def test_a_whole_group_needs_a_grant_on_all_its_topics(operator: Client, other_topic: str) -> None:
    assert confirm(operator, page()).status_code == 403
    assert confirm(operator, page(topic=other_topic)).status_code == 403
    assert [each.details["refused"] for each in OperatorAction.objects.all()] == [
        f"you have no grant for operate on topic {other_topic}"
    ] * 2

    assert confirm(operator, page(topic=TOPIC)).status_code == 302
    TopicGrant.objects.create(
        user=User.objects.get(username="olga"), topic=other_topic, may_operate=True
    )
    assert confirm(operator, page()).status_code == 302


def test_pauses_of_a_whole_group_are_seen_by_those_who_may_read_a_topic_of_it(
    operator: Client,
) -> None:
    mine = a_pause(group=GROUP, topic="")
    foreign = a_pause(group="salaries", topic="")
    other = a_pause(group=GROUP, topic="salaries")

    listed = operator.get(address(Pause, "changelist")).context["cl"].result_list

    assert [row.pk for row in listed] == [mine.pk]
    for row in (foreign, other):
        assert operator.get(resume(row)).status_code == 404
    assert operator.get(resume(a_closed_key(topic="salaries"))).status_code == 404

"""A replay is asked for from the console: the form, what it would do, then the deed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from events.consuming.subscriptions import subscribe, unsubscribe
from events.models import Replay, TopicGrant
from tests.audit_rows import a_consumption, a_publication, an_event
from tests.conftest import MakeTopic
from tests.integration.admin.conftest import nothing
from tests.integration.admin.doing import GROUP, WHY, audited, confirm, plan
from tests.integration.admin.pages import address
from tests.integration.admin.replay_rows import a_replay
from tests.integration.operating.membership import commit, write

pytestmark = pytest.mark.django_db

ASK = reverse("admin:events_replay_ask")
LIST = address(Replay, "changelist")
TOPIC = "order_invoices"


def asking(group: str = GROUP, **chosen: Any) -> str:
    asked = {"asked": "yes", "group": group, "range": "all", "mode": "missing", **chosen}
    return f"{ASK}?{urlencode(asked, doseq=True)}"


@pytest.fixture
def passed(make_topic: MakeTopic) -> Iterator[str]:
    """A topic of ten messages; the group of its name has passed eight and done three of them."""
    name = make_topic()
    write(name, *(b"%d" % number for number in range(10)))
    commit(name, name, 8)
    subscribe(name, group=name, type="thing.happened")(nothing)
    for offset in range(3):
        event = an_event(topic=name, type="thing.happened")
        a_publication(event, partition=0, offset=offset)
        a_consumption(
            event, group=name, topic=name, partition=0, offset=offset, dedupe_key=str(offset)
        )
    yield name
    unsubscribe(name, group=name, type="thing.happened")


def allow(topic: str) -> User:
    olga = User.objects.get(username="olga")
    TopicGrant.objects.create(user=olga, topic=topic, may_read=True, may_operate=True)
    return olga


def test_from_the_form_by_the_preview_to_the_row(operator: Client, passed: str) -> None:
    allow(passed)
    form = operator.get(f"{ASK}?group={passed}").context["form"]
    assert form["group"].value() == passed
    there = asking(passed, rate="50")

    preview = operator.get(there)

    text = preview.content.decode()
    assert f"At most 5 messages run in {passed}" in text
    assert "Done already, and passed over: 3 messages." in text
    assert "which has yet to come to it: 2 offsets behind that." in text
    assert preview.context["plan"].rows[0][:4] == (f"{passed}:0", "0", "8", "8")
    assert confirm(operator, there, reason="").status_code == 200
    assert not Replay.objects.exists()

    done = confirm(operator, there)

    row = Replay.objects.get()
    assert done["Location"] == address(Replay, "change", row.pk)
    assert (row.group, row.topics, row.mode, row.rate) == (passed, [passed], "missing", 50.0)
    assert (row.state, row.by, row.reason) == ("requested", "olga", WHY)
    assert [(each["from"], each["to"]) for each in row.plan] == [(0, 8)]
    assert audited() == [("olga", "replay", WHY, True)]
    again = confirm(operator, there).content.decode()
    assert "two would overtake each other" in again


def test_force_is_for_those_with_the_permission(operator: Client, passed: str) -> None:
    olga = allow(passed)
    there = asking(passed, mode="force")
    assert "By force" not in plan(operator, ASK)
    assert "Select a valid choice" in plan(operator, there)
    assert confirm(operator, there).status_code == 403
    assert audited() == [("olga", "replay", WHY, False)]

    olga.user_permissions.add(Permission.objects.get(codename="force_replay"))

    assert "At most 8 messages run again" in plan(operator, there)
    assert confirm(operator, there).status_code == 302
    assert Replay.objects.get().mode == "force"


def test_times_are_those_of_the_zone_beside_them(operator: Client, passed: str) -> None:
    allow(passed)
    chosen = {"range": "timestamps", "start": "2026-02-02T03:40:05", "zone": "Europe/Berlin"}

    confirm(operator, asking(passed, **chosen))  # the messages begin at 02:40 UTC

    row = Replay.objects.get()
    assert row.bounds["from"] == "2026-02-02T02:40:05+00:00"
    assert [(each["from"], each["to"]) for each in row.plan] == [(5, 8)]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"group": "nobody/\n", "event": "\n"}, "Select a valid choice"),
        ({"topics": ["salaries"]}, "Select a valid choice"),
        ({"range": "offsets"}, "Say which offsets"),
        ({"range": "offsets", "first": "x"}, "Enter a whole number"),
        ({"range": "timestamps"}, "Say from when"),
        ({"range": "timestamps", "start": "2026-01-01T00:00", "zone": "../x"}, "no time zone"),
        ({"key": "1", "type": "invoice.requested"}, "not by both"),
        ({"key": "%%%", "key_is_base64": "on"}, "This is no base64"),
        ({"rate": "0"}, "greater than or equal"),
    ],
)
def test_what_is_no_choice_is_said_and_nothing_is_asked_for(
    superuser: Client, chosen: dict[str, Any], said: str
) -> None:
    assert said in plan(superuser, asking(**chosen))
    confirm(superuser, asking(**chosen))
    assert not Replay.objects.exists()


def test_nothing_to_replay_is_said_and_cannot_be_started(superuser: Client, passed: str) -> None:
    text = plan(superuser, asking(passed, range="offsets", first="8"))

    assert "has yet to come to 2 offsets of that by itself" in text
    assert 'name="reason"' not in text


def test_who_may_not_is_offered_nothing_and_refused_with_a_row(
    viewer: Client, operator: Client, other_topic: str
) -> None:
    event = an_event()
    for there in (
        LIST,
        reverse("admin:group", args=[GROUP]),
        address(type(event), "change", event.pk),
    ):
        assert ASK not in plan(viewer, there)
        assert ASK in plan(operator, there)
    assert viewer.get(ASK).status_code == 403
    assert confirm(viewer, asking()).status_code == 403
    assert confirm(operator, asking(topics=[TOPIC, other_topic])).status_code == 403
    assert [(who, allowed) for who, _, _, allowed in audited()] == [
        ("bob", False),
        ("olga", False),
    ]


def test_a_waybill_leads_to_a_replay_of_its_event_alone(superuser: Client) -> None:
    event = an_event("1042")
    a_publication(event, partition=1, offset=128)

    text = plan(superuser, address(type(event), "change", event.pk))

    link = text.partition(f'href="{ASK}?')[2].partition('"')[0].replace("&amp;", "&")
    form = superuser.get(f"{ASK}?{link}").context["form"]
    assert {
        name: form[name].value()
        for name in ("group", "topics", "range", "partition", "first", "before", "key")
    } == {
        "group": GROUP,
        "topics": [TOPIC],
        "range": "offsets",
        "partition": "1",
        "first": "128",
        "before": "129",
        "key": "1042",
    }


def test_one_that_is_over_is_asked_for_again_as_it_was(superuser: Client) -> None:
    times = {"from": "2026-03-01T12:00:00+01:00", "before": None}
    row = a_replay(state="stopped", range="timestamps", bounds=times, only={"key": "/wA="})

    text = plan(superuser, address(Replay, "change", row.pk))

    link = text.partition(f'href="{ASK}?')[2].partition('"')[0].replace("&amp;", "&")
    assert parse_qs(urlsplit(f"?{link}").query) == {
        "group": [GROUP],
        "topics": [TOPIC],
        "range": ["timestamps"],
        "mode": ["missing"],
        "start": ["2026-03-01T11:00:00"],
        "key": ["/wA="],
        "key_is_base64": ["on"],
    }

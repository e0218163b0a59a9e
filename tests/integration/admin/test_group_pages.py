"""Who is behind and why: the pages of groups, with Kafka and without; and the way to seek."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from events.consuming.subscriptions import subscribe, unsubscribe
from events.kafka.groups import KafkaGroups
from events.models import Seek, TopicGrant
from tests.audit_rows import a_closed_key, a_dead_letter, a_gap, a_heartbeat, a_pause, a_seek
from tests.conftest import MakeTopic
from tests.integration.admin.conftest import nothing
from tests.integration.admin.doing import GROUP, WHY, audited, confirm, plan
from tests.integration.operating.membership import commit, write

pytestmark = pytest.mark.django_db

TYPE = "thing.happened"


@pytest.fixture
def topic(make_topic: MakeTopic) -> Iterator[str]:
    """Its group, of the same name, has read two of five messages of the first partition."""
    name = make_topic(TYPE, partitions=2)
    write(name, *(b"%d" % number for number in range(5)))
    commit(name, name, 2)
    subscribe(name, group=name, type=TYPE)(nothing)
    yield name
    unsubscribe(name, group=name, type=TYPE)


@pytest.fixture
def kafka_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")


def grant(topic: str, **rights: bool) -> None:
    user = User.objects.get(username="olga")
    TopicGrant.objects.create(user=user, topic=topic, may_read=True, **rights)


def page(group: str) -> str:
    return reverse("admin:group", args=[group])


def seek(group: str, **chosen: Any) -> str:
    return f"{reverse('admin:group_seek', args=[group])}?{urlencode(chosen)}"


def committed(topic: str) -> list[int | None]:
    return [each.committed for each in KafkaGroups().standing(topic, [topic]).partitions]


def test_the_lag_is_told_for_each_partition_even_when_no_consumer_lives(
    superuser: Client, topic: str
) -> None:
    shown = superuser.get(page(topic))

    assert shown.context["partitions"] == [
        (f"{topic}:0", "2", "0", "5", "3"),
        (f"{topic}:1", "nothing", "0", "0", "0"),
    ]
    assert shown.context["lag"] == 3
    assert f"No consumer lives. Start manage.py runconsumer {topic}." in shown.content.decode()
    listed = {
        each["name"]: each for each in superuser.get(reverse("admin:groups")).context["groups"]
    }
    assert listed[topic]["lag"] == "lag 3"
    assert listed[topic]["link"] == page(topic)


def test_everything_known_of_a_group_is_on_its_page(superuser: Client, topic: str) -> None:
    rows = {"group": topic, "topic": topic}
    pause = a_pause(**rows, reason="a deploy", partition=1)
    a_closed_key(**rows)
    a_dead_letter(None, **rows, key=b"1042", state="held", exception="")
    a_dead_letter(None, **rows, offset=1)
    a_seek(**rows, to_offset=77)
    a_gap(**rows)
    a_heartbeat(beat_at=timezone.now(), name=topic, assignment=[f"{topic}:0"])

    shown = superuser.get(page(topic))

    text = shown.content.decode()
    for said in ("a deploy", "app-1:41", "Open dead letters: 1.", ">77<", "retention"):
        assert said in text, said
    assert reverse("admin:events_pause_resume", args=[pause.pk]) in text
    assert [row[1:] for row in shown.context["closed_keys"]] == [("1", "0", "1")]
    for name in ("pausing", "group_seek"):
        assert reverse(f"admin:{name}", args=[topic] if name == "group_seek" else []) in text


@pytest.mark.usefixtures("kafka_is_away")
def test_without_kafka_the_pages_answer_soon_and_say_so(
    superuser: Client, other_topic: str
) -> None:
    a_pause(group=GROUP, reason="a deploy")
    for there in (page(GROUP), reverse("admin:groups")):
        began = time.monotonic()
        text = plan(superuser, there)
        assert time.monotonic() - began < 6
        assert "Kafka does not answer" in text
        assert "lag unknown" in text
        assert "a deploy" in text
    refused = superuser.get(seek(GROUP, to="earliest")).content.decode()
    assert "Kafka is unavailable" in refused
    assert 'name="reason"' not in refused


def test_of_topics_one_may_not_read_nothing_is_told(operator: Client, topic: str) -> None:
    assert operator.get(page(topic)).status_code == 404
    assert operator.get(seek(topic)).status_code == 404
    assert topic not in plan(operator, reverse("admin:groups"))
    assert operator.get(page("nobody")).status_code == 404


def test_of_a_group_one_sees_the_topics_one_may_read(operator: Client, other_topic: str) -> None:
    a_pause(group=GROUP, topic=other_topic)
    a_gap(group=GROUP, topic=other_topic)
    a_seek(group=GROUP, topic=other_topic)
    a_closed_key(group=GROUP, topic=other_topic)

    shown = operator.get(page(GROUP))

    assert other_topic not in shown.content.decode()
    assert shown.context["closed_keys"] == []
    grant(other_topic)
    TopicGrant.objects.filter(topic=other_topic).update(may_read=True)
    assert other_topic in plan(operator, page(GROUP))


def test_the_pages_are_for_those_who_may_see_groups(client: Client, viewer: Client) -> None:
    client.force_login(User.objects.create_user("eve", is_staff=True))
    for there in (reverse("admin:groups"), page(GROUP)):
        assert client.get(there).status_code == 403
        assert viewer.get(there).status_code == 200
    shown = viewer.get(page(GROUP)).content.decode()
    assert reverse("admin:pausing") not in shown
    assert reverse("admin:group_seek", args=[GROUP]) not in shown
    for name in ("groups", "events_pause_changelist", "events_closedkey_changelist"):
        assert reverse(f"admin:{name}") in shown
        assert reverse(f"admin:{name}") not in client.get(reverse("admin:index")).content.decode()


def test_a_seek_is_previewed_and_then_done_with_a_reason(operator: Client, topic: str) -> None:
    grant(topic, may_operate=True)
    assert reverse("admin:group_seek", args=[topic]) in plan(operator, page(topic))
    assert 'name="to"' in plan(operator, seek(topic))

    there = seek(topic, to="earliest")
    shown = operator.get(there)

    assert shown.context["plan"].rows[0] == (f"{topic}:0", "0", "2", "5", "0", "2", "0")
    assert f"2 messages are handed out again to {topic}" in shown.content.decode()
    assert confirm(operator, there, reason="").status_code == 200
    assert committed(topic) == [2, None]
    assert not Seek.objects.exists()

    assert confirm(operator, there)["Location"] == page(topic)

    assert committed(topic) == [0, 0]
    assert audited() == [("olga", "seek", WHY, True)]


@pytest.mark.parametrize(
    ("chosen", "target"),
    [
        ({"to": "latest"}, "5"),
        ({"to": "offset", "offset": "3"}, "3"),
        ({"to": "timestamp", "at": "2020-01-01T00:00"}, "0"),
    ],
)
def test_each_place_to_go_on_is_understood(
    superuser: Client, topic: str, chosen: dict[str, str], target: str
) -> None:
    there = seek(topic, **chosen, topic=topic, partition="0")

    [row] = superuser.get(there).context["plan"].rows

    assert row[4] == target


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"to": "offset"}, "Say which offset"),
        ({"to": "timestamp"}, "Say which time"),
        ({"to": "sideways"}, "Select a valid choice"),
        ({"to": "latest", "partition": "0"}, "A partition belongs to a topic"),
        ({"to": "latest", "topic": "elsewhere"}, "Select a valid choice"),
    ],
)
def test_a_place_that_is_none_is_said(
    superuser: Client, chosen: dict[str, str], said: str
) -> None:
    there = seek(GROUP, **chosen)

    assert said in plan(superuser, there)
    assert said in confirm(superuser, there).content.decode()
    assert not Seek.objects.exists()


def test_a_seek_that_is_not_allowed_is_refused_with_a_row(
    operator: Client, viewer: Client, other_topic: str
) -> None:
    for client in (viewer, operator):  # the operator has no grant on the other topic
        there = seek(GROUP, to="earliest")
        assert client.get(there).status_code == 403
        assert confirm(client, there).status_code == 403

    assert audited() == [("bob", "seek", WHY, False), ("olga", "seek", WHY, False)]
    assert not Seek.objects.exists()

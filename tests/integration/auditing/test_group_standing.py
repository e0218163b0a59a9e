"""A group's standing: lag and members from Kafka, the rest from rows, and that without Kafka."""

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from events.auditing.group_standing import LETTERS, Standing, group_standing, living_consumers
from events.consuming.subscriptions import subscribe, unsubscribe
from events.models import DeadLetter, Gap, Pause, Seek
from tests.audit_rows import a_heartbeat
from tests.conftest import MakeTopic
from tests.integration.operating.conftest import handle
from tests.integration.operating.failed_rows import TYPE, a_closed_key, a_held_letter, a_letter
from tests.integration.operating.membership import a_member, commit, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def topic(make_topic: MakeTopic) -> Iterator[str]:
    name = make_topic(TYPE, partitions=2)
    subscribe(name, group=name, type=TYPE)(handle)
    yield name
    unsubscribe(name, group=name, type=TYPE)


def fill(topic: str) -> None:
    """Store a row of each kind that a standing tells of, and some that it does not."""
    now = timezone.now()
    at = {"group": topic, "topic": topic, "partition": 0}
    Pause.objects.create(group=topic, topic=topic, by="ada", paused_at=now)
    Pause.objects.create(group=topic, by="ada", paused_at=now, resumed_at=now)
    a_closed_key(topic, key=b"a")
    a_closed_key(topic, key=b"b", released_at=now)
    a_closed_key(topic, key=b"c", cause="paused")
    for offset, key in enumerate((b"a", b"a", b"b", b"nobody's")):
        a_held_letter(topic, offset, key=key)
    a_letter(topic, 10)
    a_letter(topic, 11, state="redriven")
    Seek.objects.create(**at, to_offset=1, by="ada", requested_at=now)
    Seek.objects.create(**at, to_offset=2, by="ada", requested_at=now, state="done")
    for number in range(11):
        cause = {"cause": "retention", "policy": "earliest", "to_offset": number}
        Gap.objects.create(**at, **cause, host="shop-1", pid=1, at=now + timedelta(seconds=number))


def test_everything_known_is_told(topic: str) -> None:
    write(topic, b"0", b"1", b"2")
    commit(topic, topic, 1)
    fill(topic)

    found = group_standing(topic)

    assert (found.kafka_error, found.state, found.topics) == ("", "empty", (topic,))
    assert [(each.committed, each.end, each.lag) for each in found.partitions] == [
        (1, 3, 2),
        (None, 0, 0),
    ]
    assert found.lag == 2
    assert (found.members, found.progress_age_s) == ((), None)
    told_of_rows(found)


def told_of_rows(found: Standing) -> None:
    assert [(each.topic, each.by) for each in found.pauses] == [(found.group, "ada")]
    assert [(each.cause, each.keys, each.released, each.held) for each in found.closed_keys] == [
        ("paused", 1, 0, 0),
        ("quarantined", 2, 1, 3),
    ]
    assert [each.to_offset for each in found.seeks] == [1]
    assert [each.to_offset for each in found.gaps] == list(range(10, 0, -1))
    assert (found.open_letters, found.has_more_letters) == (1, False)


def test_without_kafka_the_rest_is_told(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(topic)
    monkeypatch.setitem(os.environ, "KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    found = group_standing(topic, timeout_s=0.5)
    assert found.kafka_error.startswith("Kafka is unavailable")
    assert (found.state, found.partitions, found.lag) == ("unknown", (), None)
    told_of_rows(found)


def test_a_member_and_a_heartbeat_are_one_if_they_hold_the_same(topic: str) -> None:
    now = timezone.now()
    held = [f"{topic}:0", f"{topic}:1"]
    facts: dict[str, Any] = {"name": topic, "progress_at": now - timedelta(seconds=30)}
    a_heartbeat(beat_at=now, assignment=held, host="shop-1", pid=7, **facts)
    killed = now - timedelta(minutes=2)
    a_heartbeat(beat_at=killed, assignment=held, host="shop-2", pid=8, **facts)
    with a_member(topic, [topic]):
        found = group_standing(topic)
    living, dead = found.members
    assert (living.host, living.pid, living.is_alive) == ("shop-1", 7, True)
    assert (living.address, living.client_id != "") == ("127.0.0.1", True)
    assert living.partitions == ((topic, 0), (topic, 1))
    assert (dead.host, dead.is_alive, dead.address) == ("shop-2", False, "")
    assert found.state == "stable"
    assert found.progress_age_s == pytest.approx(30, abs=5)
    assert living_consumers(topic) == 1


def test_a_member_without_a_heartbeat_is_told_alone(topic: str) -> None:
    with a_member(topic, [topic]):
        [member] = group_standing(topic).members
    assert (member.address, member.host, member.pid) == ("127.0.0.1", "", None)
    assert len(member.partitions) == 2


def test_open_letters_are_counted_up_to_a_bound(topic: str) -> None:
    example = a_letter(topic)
    copies = []
    for number in range(1, LETTERS + 5):
        copy = DeadLetter.objects.get(pk=example.pk)
        copy.pk, copy.offset = uuid4(), number
        copies.append(copy)
    DeadLetter.objects.bulk_create(copies)
    found = group_standing(topic)
    assert (found.open_letters, found.has_more_letters) == (LETTERS, True)


def test_an_unknown_group_has_nothing() -> None:
    found = group_standing(f"never-{uuid4().hex}")
    assert found.kafka_error == ""
    assert (found.topics, found.partitions, found.lag, found.members) == ((), (), 0, ())

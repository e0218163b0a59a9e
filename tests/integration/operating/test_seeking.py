"""manage.py seekgroup: a preview that is true, then at once or by the consumers that live."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from events.consuming.subscriptions import subscribe, unsubscribe
from events.errors import SeekRefused
from events.kafka.groups import KafkaGroups
from events.models import OperatorAction, Seek
from events.operating.operator import Operator
from events.operating.seeking import Earliest, Latest, Offset, Seeking, SeekRow, Timestamp
from tests.conftest import MakeTopic
from tests.integration.operating.conftest import Command, handle
from tests.integration.operating.failed_rows import TYPE
from tests.integration.operating.membership import START_MS, a_member, commit, write
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Operator(name="ada", reason="a wrong price")


@pytest.fixture
def topic(make_topic: MakeTopic) -> Iterator[str]:
    """Two partitions; the group of its name has read two of five messages of the first one."""
    name = make_topic(TYPE, partitions=2)
    write(name, *(b"%d" % number for number in range(5)))
    commit(name, name, 2)
    subscribe(name, group=name, type=TYPE)(handle)
    yield name
    unsubscribe(name, group=name, type=TYPE)


def committed(topic: str) -> list[int | None]:
    return [each.committed for each in KafkaGroups().standing(topic, [topic]).partitions]


def targets(topic: str, to: Any) -> list[tuple[int, int, int]]:
    rows = Seeking(topic, to=to).preview()
    return [(row.target, row.again, row.skipped) for row in rows]


def test_the_preview_says_what_comes_again_and_what_is_skipped(topic: str) -> None:
    assert Seeking(topic, to=Earliest()).preview() == (
        SeekRow(topic=topic, partition=0, committed=2, first=0, end=5, target=0),
        SeekRow(topic=topic, partition=1, committed=None, first=0, end=0, target=0),
    )
    assert targets(topic, Earliest()) == [(0, 2, 0), (0, 0, 0)]
    assert targets(topic, Latest()) == [(5, 0, 3), (0, 0, 0)]
    assert targets(topic, Offset(1)) == [(1, 1, 0), (0, 0, 0)]
    assert targets(topic, Offset(99)) == [(5, 0, 3), (0, 0, 0)]
    at = datetime.fromtimestamp(START_MS / 1000 + 3, UTC)
    assert targets(topic, Timestamp(at)) == [(3, 0, 1), (0, 0, 0)]
    assert targets(topic, Timestamp(timezone.now())) == [(5, 0, 3), (0, 0, 0)]
    assert committed(topic) == [2, None]
    assert not Seek.objects.exists()


def test_without_a_commit_the_group_is_taken_to_be_at_the_first_message(
    topic: str, kafka_admin: AdminClient
) -> None:
    write(topic, b"a", b"b", b"c", partition=1)
    for future in kafka_admin.delete_records([TopicPartition(topic, 1, 1)]).values():
        future.result(10)
    assert targets(topic, Latest())[1] == (3, 0, 2)
    assert targets(topic, Offset(0))[1] == (1, 0, 0)


def test_where_no_consumer_lives_it_is_done_at_once(topic: str) -> None:
    sought = Seeking(topic, to=Earliest()).carry_out(by=ADA)
    assert sought.at_once
    assert committed(topic) == [0, 0]
    rows = Seek.objects.order_by("partition").values_list("from_offset", "to_offset", "state")
    assert list(rows) == [(2, 0, "done"), (None, 0, "done")]
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type, action.target_id, action.reason) == (
        "seek",
        "consumer_group",
        topic,
        "a wrong price",
    )
    assert action.details["to"] == "earliest"
    assert action.details["members"] == 0
    assert action.details["partitions"][0] == {
        "topic": topic,
        "partition": 0,
        "committed": 2,
        "first": 0,
        "end": 5,
        "target": 0,
        "again": 2,
        "skipped": 0,
    }


def test_one_partition_alone_is_set(topic: str) -> None:
    Seeking(topic, to=Latest(), topic=topic, partition=0).carry_out(by=ADA)
    assert committed(topic) == [5, None]
    assert Seek.objects.count() == 1


def test_the_consumers_that_live_are_asked_and_an_earlier_wish_is_superseded(topic: str) -> None:
    with a_member(topic, [topic]):
        first = Seeking(topic, to=Earliest()).carry_out(by=ADA)
        second = Seeking(topic, to=Offset(4), topic=topic, partition=0).carry_out(by=ADA)
    assert (first.at_once, second.at_once) == (False, False)
    rows = Seek.objects.order_by("requested_at", "partition")
    assert [(row.partition, row.to_offset, row.state) for row in rows] == [
        (0, 0, "superseded"),
        (1, 0, "requested"),
        (0, 4, "requested"),
    ]
    assert committed(topic) == [2, None]
    # Nobody lives any more: what is still asked for must not undo what is done now.
    assert Seeking(topic, to=Latest()).carry_out(by=ADA).at_once
    assert not Seek.objects.requested().exists()


def test_a_member_that_joins_after_the_look_gets_the_request(topic: str) -> None:
    seeking = Seeking(topic, to=Earliest())
    seeking.preview()
    with a_member(topic, [topic]):
        sought = seeking.carry_out(by=ADA)
    assert not sought.at_once
    assert Seek.objects.requested().count() == 2
    assert committed(topic) == [2, None]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ({"topic": "another"}, "does not subscribe to 'another'"),
        ({"partition": 0}, "name the topic, too"),
        ({"topic": "{topic}", "partition": 2}, "has no partition 2: it has 2"),
    ],
)
def test_what_is_no_place_of_the_group_is_refused(
    topic: str, place: dict[str, Any], told: str
) -> None:
    if place.get("topic") == "{topic}":
        place = {**place, "topic": topic}
    with pytest.raises(SeekRefused, match=told):
        Seeking(topic, to=Earliest(), **place)


def test_a_topic_that_is_not_on_kafka_is_refused(group: str) -> None:
    with pytest.raises(SeekRefused, match="not on Kafka"):
        Seeking(group, to=Earliest()).preview()


def test_the_command_shows_the_table_and_does_it(topic: str, command: Command) -> None:
    said = command("seekgroup", topic, "--to", "earliest", dry_run=True, reason="")
    table = [line.split() for line in said.splitlines()]
    assert table[0][:4] == ["topic", "partition", "committed", "first"]
    assert table[0][4:] == ["end", "target", "again", "skipped"]
    assert table[1] == [topic, "0", "2", "0", "5", "0", "2", "0"]
    assert table[2] == [topic, "1", "-", "0", "0", "0", "0", "0"]
    assert "2 messages are handed out again (what is done is skipped), 0 are never" in said
    assert "a dry run" in said
    assert committed(topic) == [2, None]

    said = command("seekgroup", topic, "--to", "4", "--topic", topic, "--partition", "0")
    assert f"Done: no consumer of {topic} was running, Kafka's offsets are changed." in said
    assert committed(topic) == [4, None]


def test_the_command_waits_until_the_owners_have_acknowledged(
    topic: str, command: Command
) -> None:
    def acknowledge() -> None:
        wait_until(lambda: Seek.objects.requested().count() == 2)
        Seek.objects.requested().update(
            state="done", done_at=timezone.now(), done_by="shop-1:4711"
        )
        connection.close()

    owner = threading.Thread(target=acknowledge)
    with a_member(topic, [topic]):
        owner.start()
        said = command("seekgroup", topic, "--to", "earliest", wait=True)
    owner.join(10)
    assert f"the consumers of {topic} that own the 2 partitions go there" in said
    assert f"{topic}:0 to 0: done by shop-1:4711." in said


def test_words_that_mean_nothing_are_refused(topic: str, command: Command) -> None:
    with pytest.raises(CommandError, match="'soon' is none of earliest, latest, an offset"):
        command("seekgroup", topic, "--to", "soon")
    with pytest.raises(CommandError, match="no handler subscribes as group 'stoc'"):
        command("seekgroup", "stoc", "--to", "latest")
    with pytest.raises(CommandError, match="say why"):
        command("seekgroup", topic, "--to", "latest", "--reason", " ")
    assert committed(topic) == [2, None]

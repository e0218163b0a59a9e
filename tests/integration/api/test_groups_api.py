"""Consumer groups over HTTP: at a glance, and where one stands on a real broker."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from events.conf import kafka_settings
from events.models import ClosedKey, Gap, Pause, Seek
from tests.audit_rows import a_dead_letter, a_heartbeat
from tests.conftest import MakeTopic
from tests.integration.api.operating_posts import grant, refused, subscribed
from tests.integration.api.problem_answers import told
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def topics(make_topic: MakeTopic) -> tuple[str, str]:
    return make_topic(partitions=2), make_topic()


@pytest.fixture
def group(topics: tuple[str, str]) -> Iterator[str]:
    with subscribed(*topics) as name:
        yield name


def produce(topic: str, *, count: int) -> None:
    producer = Producer(kafka_settings("producer"))
    for number in range(count):
        producer.produce(topic, value=str(number).encode(), partition=0)
    assert producer.flush(10) == 0


def commit(admin: AdminClient, group: str, topic: str, offset: int) -> None:
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, offset)])
    wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])

    def is_committed() -> bool:
        try:
            admin.alter_consumer_group_offsets([asked])[group].result(10)
            found = admin.list_consumer_group_offsets([wanted])[group].result(10)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.COORDINATOR_LOAD_IN_PROGRESS:
                return False
            raise
        return bool(found.topic_partitions[0].offset == offset)

    wait_until(is_committed)  # a group that is new may not be known to its coordinator yet


def ask(api: Client, group: str) -> dict[str, Any]:
    answer = api.get(f"/api/v1/groups/{group}")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_groups_are_told_at_a_glance(api: Client, group: str, topics: tuple[str, str]) -> None:
    a_heartbeat(name=group, beat_at=timezone.now())
    Pause.objects.create(group=group, by="x", paused_at=timezone.now())

    found = {each["name"]: each for each in api.get("/api/v1/groups").json()["groups"]}

    assert found[group] == {
        "name": group,
        "topics": sorted(topics),
        "living_consumers": 1,
        "is_paused": True,
        "links": {"self": f"/api/v1/groups/{group}"},
    }
    assert found["invoices"]["topics"] == ["order_invoices"]
    assert found["invoices"]["is_paused"] is False


def test_a_group_tells_where_it_stands(
    api: Client, group: str, topics: tuple[str, str], kafka_admin: AdminClient
) -> None:
    mine, other = topics
    produce(mine, count=5)
    commit(kafka_admin, group, mine, 2)
    now = timezone.now()
    a_heartbeat(name=group, beat_at=now, progress_at=now, assignment=[f"{mine}:0", f"{other}:0"])
    pauses = [
        Pause.objects.create(group=group, topic=topic, by="x", paused_at=now)
        for topic in (mine, "")
    ]
    seek = Seek.objects.create(
        group=group, topic=mine, partition=0, from_offset=2, to_offset=0, by="x", requested_at=now
    )
    Gap.objects.create(
        group=group, topic=mine, partition=0, cause="retention", policy="earliest",
        from_offset=0, to_offset=2, missed=2, host="h", pid=1, at=now,
    )  # fmt: skip
    ClosedKey.objects.create(
        group=group, topic=mine, key=b"k", cause="paused", by="x", closed_at=now
    )
    a_dead_letter(None, group=group, topic=mine, key=b"k", state="held")
    a_dead_letter(None, group=group, topic=mine, offset=1)

    found = ask(api, group)

    assert found["topics"] == sorted(topics)
    assert (found["kafka_error"], found["kafka"]["lag"]) == (None, 3)
    [first] = [each for each in found["kafka"]["partitions"] if each["committed"] is not None]
    assert first == {
        "topic": mine, "partition": 0, "committed": 2, "first": 0, "end": 5, "lag": 3,
    }  # fmt: skip
    assert len(found["kafka"]["partitions"]) == 3
    [member] = found["members"]
    assert (member["pid"], member["is_alive"], member["client_id"]) == (41, True, None)
    assert {each["topic"] for each in member["partitions"]} == set(topics)
    assert found["progress_age_s"] is not None
    assert {each["id"] for each in found["pauses"]} == {str(each.pk) for each in pauses}
    assert found["closed_keys"] == [{"cause": "paused", "keys": 1, "released": 0, "held": 1}]
    assert [each["id"] for each in found["seeks"]] == [str(seek.pk)]
    assert [(each["cause"], each["missed"]) for each in found["gaps"]] == [("retention", 2)]
    assert (found["open_letters"], found["has_more_letters"]) == (1, False)


def test_nothing_of_topics_that_one_may_not_read_is_told(
    limited: Client, reader: User, group: str, topics: tuple[str, str]
) -> None:
    mine, other = topics
    produce(other, count=1)
    now = timezone.now()
    a_heartbeat(name=group, beat_at=now, assignment=[f"{mine}:0", f"{other}:0"])
    Pause.objects.create(group=group, topic=other, by="x", paused_at=now)
    Seek.objects.create(
        group=group, topic=other, partition=0, to_offset=0, by="x", requested_at=now
    )
    Gap.objects.create(
        group=group, topic=other, partition=0, cause="added", policy="earliest", to_offset=0,
        host="h", pid=1, at=now,
    )  # fmt: skip
    ClosedKey.objects.create(
        group=group, topic=other, key=b"k", cause="paused", by="x", closed_at=now
    )
    a_dead_letter(None, group=group, topic=other)
    grant(reader, mine, "read")

    answer = limited.get(f"/api/v1/groups/{group}")

    assert other.encode() not in answer.content
    found = answer.json()
    assert (found["kafka"]["lag"], len(found["kafka"]["partitions"])) == (0, 2)
    for nothing in ("pauses", "closed_keys", "seeks", "gaps"):
        assert found[nothing] == []
    assert found["open_letters"] == 0
    [glance] = limited.get("/api/v1/groups").json()["groups"]
    assert (glance["name"], glance["topics"]) == (group, [mine])


def test_a_group_of_which_one_may_read_nothing_is_as_good_as_none(
    limited: Client, reader: User, group: str
) -> None:
    grant(reader, "*", "operate", "publish")

    assert limited.get("/api/v1/groups").json() == {"groups": []}
    there = limited.get(f"/api/v1/groups/{group}")
    nowhere = limited.get("/api/v1/groups/nowhere")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)


def test_without_kafka_the_rest_is_told(
    api: Client, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    pause = Pause.objects.create(group=group, by="x", paused_at=timezone.now())

    found = ask(api, group)

    assert found["kafka"] is None
    assert found["kafka_error"].startswith("Kafka does not answer")
    assert "127.0.0.1" not in found["kafka_error"]
    assert [each["id"] for each in found["pauses"]] == [str(pause.pk)]


@pytest.mark.parametrize("name", ["%00", "..", "a%2Fb", "x" * 300, "%ff%fe", "ω"])
def test_a_name_that_is_none_is_a_404(api: Client, name: str) -> None:
    answer = api.get(f"/api/v1/groups/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_wrong_queries_other_methods_and_strangers_are_refused(api: Client) -> None:
    for address in ("groups", "groups/invoices"):
        answer = api.get(f"/api/v1/{address}?verbose=1")
        refused(answer, status=400, code="invalid-parameter", pointers=["/verbose"])
        for method in ("post", "put", "patch", "delete"):
            answer = getattr(api, method)(f"/api/v1/{address}")
            assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        assert Client().get(f"/api/v1/{address}").status_code == 401

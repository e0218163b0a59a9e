"""POST /api/v1/groups/{group}/seek: looked at, done at once, or left to those who consume."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient
from django.contrib.auth.models import User
from django.test import Client
from django_redis import get_redis_connection

from events.conf import Waybill, kafka_settings
from events.models import OperatorAction, Seek
from tests.conftest import MakeTopic
from tests.integration.api.operating_posts import (
    WHY,
    actions,
    audited,
    grant,
    post,
    refused,
    subscribed,
)
from tests.integration.api.problem_answers import told
from tests.integration.api.test_groups_api import commit, produce

pytestmark = pytest.mark.django_db

REASON = {"reason": WHY}
EARLIEST = {**REASON, "to": "earliest"}


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    name = make_topic()
    produce(name, count=5)
    return name


@pytest.fixture
def group(topic: str, kafka_admin: AdminClient) -> Iterator[str]:
    """A group without consumers that committed offset 3 of 5."""
    with subscribed(topic) as name:
        commit(kafka_admin, name, topic, 3)
        yield name


@pytest.fixture
def consumer(group: str, topic: str) -> Iterator[Consumer]:
    """A living member of the group."""
    member = Consumer({**kafka_settings("consumer"), "group.id": group})
    member.subscribe([topic])
    while not member.assignment():
        member.poll(0.2)
    yield member
    member.close()


def committed(admin: AdminClient, group: str, topic: str) -> int:
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0)])
    found = admin.list_consumer_group_offsets([asked])[group].result(10)
    offset: int = found.topic_partitions[0].offset
    return offset


def row(topic: str, *, target: int) -> dict[str, Any]:
    return {
        "topic": topic,
        "partition": 0,
        "committed": 3,
        "first": 0,
        "end": 5,
        "target": target,
        "again": max(0, 3 - target),
        "skipped": max(0, target - 3),
    }


@pytest.mark.parametrize(
    "going",
    [
        ("earliest", 0),
        ("latest", 5),
        ({"offset": 1}, 1),
        ({"offset": 2**63 - 1}, 5),
        ({"timestamp": "2001-01-01T00:00:00Z"}, 0),
        ({"timestamp": "2999-01-01T00:00:00+01:00"}, 5),
    ],
)
def test_a_seek_is_looked_at_beforehand_and_done_at_once_without_consumers(
    api: Client, group: str, topic: str, kafka_admin: AdminClient, going: tuple[object, int]
) -> None:
    to, target = going
    looked_at = post(api, f"groups/{group}/seek", {"to": to, "dry_run": True})
    assert looked_at.status_code == 200, looked_at.content
    assert looked_at.json() == {
        "dry_run": True,
        "at_once": None,
        "partitions": [row(topic, target=target)],
        "seeks": [],
    }
    assert committed(kafka_admin, group, topic) == 3
    assert actions() == []

    answer = post(
        api, f"groups/{group}/seek", {**REASON, "to": to}, **{"X-Request-ID": "request-7"}
    )

    assert answer.status_code == 200, answer.content
    assert answer.json()["at_once"] is True
    assert answer.json()["partitions"] == [row(topic, target=target)]
    assert committed(kafka_admin, group, topic) == target
    seek = Seek.objects.get()
    assert (seek.state, answer.json()["seeks"]) == ("done", [str(seek.pk)])
    audited("caller", "seek", group)


@pytest.mark.usefixtures("consumer")
def test_a_seek_is_left_to_the_consumers_that_live(
    api: Client, group: str, topic: str, kafka_admin: AdminClient
) -> None:
    answer = post(api, f"groups/{group}/seek", {**EARLIEST, "topic": topic, "partition": 0})

    assert (answer.status_code, answer.json()["at_once"]) == (202, False)
    [seek] = api.get(f"/api/v1/groups/{group}").json()["seeks"]
    assert (seek["id"], seek["to_offset"]) == (answer.json()["seeks"][0], 0)
    assert committed(kafka_admin, group, topic) == 3


def test_a_repeated_request_is_carried_out_once(
    api: Client, group: str, topic: str, kafka_admin: AdminClient
) -> None:
    key = {"Idempotency-Key": "one"}
    first = post(api, f"groups/{group}/seek", EARLIEST, **key)
    assert (first.status_code, first.json()["at_once"]) == (200, True)
    commit(kafka_admin, group, topic, 4)  # it went on since

    again = post(api, f"groups/{group}/seek", EARLIEST, **key)

    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    assert again.json()["seeks"] == first.json()["seeks"]
    assert committed(kafka_admin, group, topic) == 4
    assert OperatorAction.objects.count() == Seek.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (REASON, ["/to"]),
        ({"to": "earliest"}, ["/reason"]),
        ({**REASON, "to": None}, ["/to"]),
        ({**REASON, "to": "first"}, ["/to"]),
        ({**REASON, "to": 7}, ["/to"]),
        ({**REASON, "to": {}}, ["/to"]),
        ({**REASON, "to": {"offset": 1, "timestamp": "x"}}, ["/to"]),
        ({**REASON, "to": {"time": 1}}, ["/to"]),
        ({**REASON, "to": {"offset": -1}}, ["/to/offset"]),
        ({**REASON, "to": {"offset": 2**63}}, ["/to/offset"]),
        ({**REASON, "to": {"offset": "1"}}, ["/to/offset"]),
        ({**REASON, "to": {"timestamp": 1}}, ["/to/timestamp"]),
        ({**REASON, "to": {"timestamp": "yesterday"}}, ["/to/timestamp"]),
        ({**REASON, "to": {"timestamp": "0001-01-01T00:00:00+14:00"}}, ["/to/timestamp"]),
        ({**EARLIEST, "topic": "elsewhere"}, ["/topic"]),
        ({**EARLIEST, "partition": 0}, ["/partition"]),
        ({**EARLIEST, "dry_run": "yes"}, ["/dry_run"]),
        ({**EARLIEST, "offset": 1}, ["/offset"]),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, body: object, pointers: list[str]
) -> None:
    answer = post(api, "groups/invoices/seek", body)
    refused(answer, status=422, code="invalid", pointers=pointers)
    assert not Seek.objects.exists()


def test_bad_bodies_are_refused(api: Client) -> None:
    address = "groups/invoices/seek"
    refused(post(api, address, b'{"to": NaN}'), status=400, code="malformed-json")
    refused(post(api, address, {"to": "x" * 70_000}), status=413, code="too-large")
    form = api.post(f"/api/v1/{address}", REASON)
    refused(form, status=415, code="unsupported-media-type")


def test_what_is_not_on_kafka_is_a_409(api: Client, make_topic: MakeTopic) -> None:
    missing = make_topic(create=False)
    with subscribed(missing) as group:
        problem = refused(
            post(api, f"groups/{group}/seek", EARLIEST), status=409, code="seek-refused"
        )
        assert missing in problem["detail"]
        there = {**EARLIEST, "topic": missing, "partition": 9}
        refused(post(api, f"groups/{group}/seek", there), status=409, code="seek-refused")
    assert actions() == []


def test_without_kafka_it_is_a_503_and_nothing_is_stored(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("KAFKA_SOCKET_CONNECTION_SETUP_TIMEOUT_MS", "1000")

    answer = post(api, "groups/invoices/seek", EARLIEST, **{"Idempotency-Key": "k"})

    refused(answer, status=503, code="unavailable")
    assert answer["Retry-After"] == "2"
    assert b"127.0.0.1" not in answer.content
    assert not Seek.objects.exists()
    assert actions() == []


def test_it_needs_the_right_to_operate_on_each_topic(
    limited: Client, reader: User, group: str, topic: str
) -> None:
    given = grant(reader, topic, "operate")
    there = post(limited, f"groups/{group}/seek", EARLIEST)
    nowhere = post(limited, "groups/nowhere/seek", EARLIEST)
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)

    given.may_read, given.may_operate = True, False
    given.save()
    for more in ({}, {"topic": topic}, {"dry_run": True}):
        answer = post(limited, f"groups/{group}/seek", {**EARLIEST, **more})
        refused(answer, status=403, code="forbidden")
    assert actions() == [("reader", "seek", group, False)] * 3
    assert not Seek.objects.exists()


def test_throttles_methods_and_strangers(
    api: Client, waybill_settings: Callable[..., Waybill]
) -> None:
    address = "groups/invoices/seek"
    for method in ("get", "put", "patch", "delete"):
        answer = getattr(api, method)(f"/api/v1/{address}")
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert post(Client(), address, EARLIEST).status_code == 401
    get_redis_connection("throttle").flushdb()
    waybill_settings(throttle_operate="1/1h")
    answers = [post(api, address, {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 429]
    get_redis_connection("throttle").flushdb()

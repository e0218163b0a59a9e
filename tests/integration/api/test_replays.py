"""POST /api/v1/replays: looked at, asked for once, by right; refused with what is wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_redis import get_redis_connection

from events.conf import Waybill
from events.models import OperatorAction, Replay
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
from tests.integration.api.test_answers_described import described
from tests.integration.api.test_groups_api import commit, produce

pytestmark = pytest.mark.django_db

REPLAYS = "/api/v1/replays"
ALL = {"range": "all", "reason": WHY}
NOON = "2026-01-01T12:00:00Z"


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    name = make_topic()
    produce(name, count=5)
    return name


@pytest.fixture
def group(topic: str, kafka_admin: AdminClient) -> Iterator[str]:
    """A group that is at offset 4 of 5."""
    with subscribed(topic) as name:
        commit(kafka_admin, name, topic, 4)
        yield name


@pytest.fixture
def elsewhere(make_topic: MakeTopic) -> Iterator[tuple[str, str, str]]:
    """A group and its two topics, neither of them on Kafka."""
    topics = make_topic(create=False), make_topic(create=False)
    with subscribed(*topics) as name:
        yield name, *topics


def ask(api: Client, body: object, **headers: str) -> Any:
    return post(api, "replays", body, **headers)


@pytest.mark.parametrize(
    ("given", "span"),
    [
        ("all", (0, 4)),
        ({"offsets": {"from": 1, "before": 3}}, (1, 3)),
        ({"offsets": {"from": 1, "before": 2**63 - 1, "partition": 0}}, (1, 4)),
        ({"offsets": {"partitions": [{"topic": ..., "partition": 0, "from": 2}]}}, (2, 4)),
        ({"timestamps": {"from": "2001-01-01T00:00:00Z"}}, (0, 4)),
        ({"timestamps": {"before": "2001-01-01T01:00:00+01:00", "from": None}}, (0, 0)),
    ],
)
def test_a_replay_is_looked_at_and_then_asked_for(
    api: Client, group: str, topic: str, given: Any, span: tuple[int, int]
) -> None:
    body = {"group": group, "topic": topic, "range": of_topic(given, topic)}

    looked_at = ask(api, {**body, "dry_run": True})

    assert looked_at.status_code == 200, looked_at.content
    described(REPLAYS, "post", 200).validate(looked_at.json())
    [row] = looked_at.json()["partitions"]
    assert (row["from"], row["to"], row["messages"]) == (*span, span[1] - span[0])
    assert looked_at.json()["totals"]["would_run"] == row["messages"]
    assert not Replay.objects.exists()
    assert actions() == []

    answer = ask(api, {**body, "reason": WHY}, **{"X-Request-ID": "request-7"})

    assert answer.status_code == 202, answer.content
    described(REPLAYS, "post", 202).validate(answer.json())
    replay = Replay.objects.get()
    assert answer["Location"] == f"{REPLAYS}/{replay.pk}"
    assert answer.json() == api.get(answer["Location"]).json()
    [planned] = answer.json()["partitions"]
    assert (planned["from"], planned["to"], planned["position"]) == (*span, span[0])
    assert (replay.state, replay.by, replay.reason) == ("requested", "caller", WHY)
    audited("caller", "replay", replay.pk)


def of_topic(given: Any, topic: str) -> Any:
    """The range, with the topic's name where it is left open."""
    if isinstance(given, dict) and "partitions" in given.get("offsets", {}):
        rows = [{**row, "topic": topic} for row in given["offsets"]["partitions"]]
        return {"offsets": {"partitions": rows}}
    return given


def test_everything_that_may_be_said_is_kept_and_told(api: Client, group: str, topic: str) -> None:
    body = {
        "group": group,
        "topics": [topic],
        "range": {"timestamps": {"from": "2026-03-01T00:00:00+01:00", "before": None}},
        "key_base64": "/w==",
        "rate": 2,
        "from_archive": True,
        "mode": "missing",
        "reason": WHY,
    }

    answer = ask(api, body).json()

    assert {name: answer[name] for name in ("topics", "key_base64", "rate", "mode")} == {
        "topics": [topic],
        "key_base64": "/w==",
        "rate": 2.0,
        "mode": "missing",
    }
    start = "2026-02-28T23:00:00.000000Z"
    assert answer["range"] == {"timestamps": {"from": start, "before": None}}
    assert (answer["from_archive"], answer["type"], answer["by"]) == (True, None, "caller")
    replay = Replay.objects.get()
    assert datetime.fromisoformat(replay.bounds["from"]) == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert replay.only == {"key": "/w=="}


def test_a_repeated_request_asks_once(api: Client, group: str) -> None:
    body = {**ALL, "group": group}

    first, again = (ask(api, body, **{"Idempotency-Key": "one"}) for _ in range(2))

    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    assert (again["Location"], again.content) == (first["Location"], first.content)
    assert Replay.objects.count() == OperatorAction.objects.count() == 1
    refused(ask(api, body), status=409, code="replay-refused")  # two would overtake each other


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/group", "/range", "/reason"]),
        ({"group": 7, "range": "all", "dry_run": True}, ["/group"]),
        ({"group": "nowhere", **ALL}, ["/group"]),
        ({"range": None}, ["/range"]),
        ({"range": "everything"}, ["/range"]),
        ({"range": {"all": True}}, ["/range"]),
        ({"range": {"offsets": {}, "timestamps": {}}}, ["/range"]),
        ({"range": {"offsets": None}}, ["/range/offsets"]),
        ({"range": {"offsets": {}}}, ["/range/offsets"]),
        ({"range": {"offsets": {"first": 1}}}, ["/range/offsets", "/range/offsets/first"]),
        ({"range": {"offsets": {"from": -1}}}, ["/range/offsets/from"]),
        ({"range": {"offsets": {"from": 2**63}}}, ["/range/offsets/from"]),
        ({"range": {"offsets": {"from": 5, "before": 5}}}, ["/range/offsets/before"]),
        ({"range": {"offsets": {"before": 0}}}, ["/range/offsets/before"]),
        ({"range": {"offsets": {"partition": 2**31}}}, ["/range/offsets/partition"]),
        ({"range": {"offsets": {"partition": 0}}}, ["/range/offsets/partition"]),
        ({"range": {"offsets": {"partitions": []}}}, ["/range/offsets/partitions"]),
        (
            {"range": {"offsets": {"from": 1, "partitions": [{"topic": 1, "partition": -1}]}}},
            [
                "/range/offsets/partitions/0/topic",
                "/range/offsets/partitions/0/partition",
                "/range/offsets/partitions",
            ],
        ),
        ({"range": {"timestamps": {}}}, ["/range/timestamps"]),
        ({"range": {"timestamps": {"from": "now"}}}, ["/range/timestamps/from"]),
        (
            {"range": {"timestamps": {"from": NOON, "before": "2026-01-01T13:00:00+01:00"}}},
            ["/range/timestamps/before"],
        ),
        ({"topic": "other"}, ["/topic"]),
        ({"topics": []}, ["/topics"]),
        ({"topics": "other"}, ["/topics"]),
        ({"topics": [{}, "other"]}, ["/topics"]),
        ({"type": "thing.vanished"}, ["/type"]),
        ({"type": ""}, ["/type"]),
        ({"type": "thing.happened", "key": ""}, ["/key"]),
        ({"key": "k" * 1_025}, ["/key"]),
        ({"key_base64": "no"}, ["/key_base64"]),
        ({"mode": "all"}, ["/mode"]),
        ({"rate": 0}, ["/rate"]),
        ({"rate": "10"}, ["/rate"]),
        ({"rate": True}, ["/rate"]),
        ({"from_archive": 1}, ["/from_archive"]),
        ({"reason": " "}, ["/reason"]),
        ({"speed": 1}, ["/speed"]),
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, elsewhere: tuple[str, str, str], body: dict[str, Any], pointers: list[str]
) -> None:
    whole = body if "group" in body or not body else {"group": elsewhere[0], **ALL, **body}

    refused(ask(api, whole), status=422, code="invalid", pointers=pointers)
    assert not Replay.objects.exists()
    assert actions() == []


def test_topic_and_topics_are_two_ways_to_say_one_thing(
    api: Client, elsewhere: tuple[str, str, str]
) -> None:
    group, one, other = elsewhere
    body = {**ALL, "group": group, "topic": one, "topics": [one, other]}

    refused(ask(api, body), status=422, code="invalid", pointers=["/topics"])
    # What is named is read: here it is not on Kafka.
    refused(ask(api, {**body, "topics": None}), status=409, code="replay-refused")


def test_it_needs_the_right_to_operate_on_each_topic(
    limited: Client, reader: User, elsewhere: tuple[str, str, str]
) -> None:
    group, one, other = elsewhere
    body = {**ALL, "group": group}
    given = grant(reader, one, "operate")
    there, nowhere = ask(limited, body), ask(limited, {**body, "group": "nowhere"})
    refused(there, status=422, code="invalid", pointers=["/group"])
    assert told(there) == told(nowhere)
    assert actions() == []  # what one may not read does not exist

    given.may_read = True
    given.save()
    for more in ({}, {"topic": other}, {"topics": [one, other]}, {"dry_run": True}):
        refused(ask(limited, {**body, **more}), status=403, code="forbidden")
    assert actions() == [("reader", "replay", group, False)] * 4
    # With the right to all that it would read, it is let through as far as Kafka.
    refused(ask(limited, {**body, "topics": [one]}), status=409, code="replay-refused")


def test_force_needs_a_permission_of_its_own(
    api: Client, caller: User, elsewhere: tuple[str, str, str]
) -> None:
    body = {**ALL, "group": elsewhere[0], "mode": "force"}

    for more in ({}, {"dry_run": True}):
        problem = refused(ask(api, {**body, **more}), status=403, code="forbidden")
        assert "events.force_replay" in problem["detail"]
    assert actions() == [("caller", "replay", elsewhere[0], False)] * 2
    caller.user_permissions.add(Permission.objects.get(codename="force_replay"))

    refused(ask(api, body), status=409, code="replay-refused")  # as far as Kafka


def test_throttles_methods_and_strangers(
    api: Client, waybill_settings: Callable[..., Waybill]
) -> None:
    for method in ("put", "patch", "delete"):
        answer = getattr(api, method)(REPLAYS)
        assert (answer.status_code, answer["Allow"]) == (405, "GET, POST, HEAD")
    assert ask(Client(), ALL).status_code == Client().get(REPLAYS).status_code == 401
    get_redis_connection("throttle").flushdb()
    waybill_settings(throttle_operate="1/1h")
    assert [ask(api, {}).status_code for _ in range(2)] == [422, 429]
    assert api.get(REPLAYS).status_code == 200  # reading is another scope
    get_redis_connection("throttle").flushdb()

"""Pauses over HTTP: what stands still, one more of it, its end; by right, audited, once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection

from events.conf import Waybill
from events.models import ClosedKey, OperatorAction, Pause
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

pytestmark = pytest.mark.django_db

TOPIC = "order_invoices"
PAUSES = "groups/invoices/pauses"
REASON = {"reason": WHY}


@pytest.fixture
def two_topics(make_topic: MakeTopic) -> tuple[str, str]:
    return make_topic(create=False), make_topic(create=False)


@pytest.fixture
def group(two_topics: tuple[str, str]) -> Iterator[str]:
    """A group that subscribes to both topics."""
    with subscribed(*two_topics) as name:
        yield name


def in_force(api: Client, group: str = "invoices") -> list[dict[str, Any]]:
    answer = api.get(f"/api/v1/pauses?group={group}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["pauses"]
    return found


def test_a_group_is_paused_and_resumed(api: Client) -> None:
    answer = post(api, PAUSES, REASON, **{"X-Request-ID": "request-7"})

    assert answer.status_code == 201
    paused = answer.json()
    row = Pause.objects.get()
    since = paused.pop("since")
    assert since.endswith("Z")
    assert paused == {
        "id": str(row.pk),
        "group": "invoices",
        "topic": None,
        "what": "group",
        "cause": "paused",
        "partition": None,
        "head": None,
        "resumed_at": None,
        "by": "caller",
        "reason": WHY,
        "until": None,
        "links": {"resume": f"/api/v1/pauses/{row.pk}/resume"},
    }
    assert in_force(api) == [paused | {"since": since}]
    audited("caller", "pause", "invoices")

    resumed = post(api, f"pauses/{row.pk}/resume", {"reason": "done"})
    assert resumed.status_code == 200
    assert resumed.json()["resumed_at"] is not None
    assert in_force(api) == []
    refused(post(api, f"pauses/{row.pk}/resume", REASON), status=409, code="pause-refused")
    assert [action for _, action, _, _ in actions()] == ["pause", "resume"]


def test_a_topic_a_partition_and_a_key_are_paused(api: Client) -> None:
    until = timezone.now() + timedelta(hours=1)
    asked: list[tuple[dict[str, Any], str]] = [
        ({"topic": TOPIC}, "topic"),
        ({"topic": TOPIC, "partition": 2, "until": until.isoformat()}, "partition"),
        ({"topic": TOPIC, "key": "1042"}, "key"),
        ({"topic": TOPIC, "key_base64": "/w=="}, "key"),
    ]

    answers = [post(api, PAUSES, {**REASON, **each}) for each, _ in asked]

    assert [answer.status_code for answer in answers] == [201] * 4, answers[0].content
    assert [answer.json()["what"] for answer in answers] == [what for _, what in asked]
    assert answers[1].json()["partition"] == 2
    assert answers[2].json()["key"] == "1042"
    assert answers[3].json()["key_base64"] == "/w=="
    assert {each["id"] for each in in_force(api)} == {each.json()["id"] for each in answers}

    key = ClosedKey.objects.get(key=b"1042")
    released = post(api, f"pauses/{key.pk}/resume", REASON)
    assert released.status_code == 200
    key.refresh_from_db()
    assert key.released_at is not None


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/reason"]),
        ({"reason": ""}, ["/reason"]),
        ({"reason": "  "}, ["/reason"]),
        ({"reason": "x" * 1_001}, ["/reason"]),
        ({"reason": 1}, ["/reason"]),
        ({**REASON, "topic": "elsewhere"}, ["/topic"]),
        ({**REASON, "topic": ""}, ["/topic"]),
        ({**REASON, "topic": 1}, ["/topic"]),
        ({**REASON, "partition": 1}, ["/partition"]),
        ({**REASON, "topic": TOPIC, "partition": -1}, ["/partition"]),
        ({**REASON, "topic": TOPIC, "partition": True}, ["/partition"]),
        ({**REASON, "topic": TOPIC, "partition": 10**30}, ["/partition"]),
        ({**REASON, "key": "1042"}, ["/key"]),
        ({**REASON, "topic": TOPIC, "key": ""}, ["/key"]),
        ({**REASON, "topic": TOPIC, "key": "é" * 513}, ["/key"]),
        ({**REASON, "topic": TOPIC, "key": "a", "key_base64": "YQ=="}, ["/key_base64"]),
        ({**REASON, "topic": TOPIC, "key_base64": "?"}, ["/key_base64"]),
        ({**REASON, "topic": TOPIC, "key_base64": "é"}, ["/key_base64"]),
        ({**REASON, "topic": TOPIC, "partition": 1, "key": "a"}, ["/key"]),
        ({**REASON, "until": "tomorrow"}, ["/until"]),
        ({**REASON, "until": "9999-12-31T23:59:59-14:00"}, ["/until"]),
        ({**REASON, "dry_run": True}, ["/dry_run"]),
        ([], [""]),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, body: object, pointers: list[str]
) -> None:
    refused(post(api, PAUSES, body), status=422, code="invalid", pointers=pointers)
    assert not Pause.objects.exists()
    assert not ClosedKey.objects.exists()
    assert actions() == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"reason": "\\u0000"}', b'{"reason": "\xff"}', b'{"a": 1, "a": 2}']
)
def test_what_is_no_acceptable_json_is_refused(api: Client, body: bytes) -> None:
    refused(post(api, PAUSES, body), status=400, code="malformed-json")
    refused(post(api, f"pauses/{uuid4()}/resume", body), status=404, code="not-found")


def test_a_body_beyond_the_limit_or_of_another_type_is_refused(api: Client) -> None:
    body = {**REASON, "key": "x" * 70_000}
    refused(post(api, PAUSES, body), status=413, code="too-large")
    form = api.post(f"/api/v1/{PAUSES}", {"reason": WHY})
    refused(form, status=415, code="unsupported-media-type")


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2026-01-31T12:00:00Z"},
        {"until": "0001-01-01T00:00:00Z"},
        {"topic": TOPIC, "partition": 99},
    ],
)
def test_what_cannot_be_paused_is_a_409_that_says_what_to_do(
    api: Client, body: dict[str, Any]
) -> None:
    problem = refused(post(api, PAUSES, {**REASON, **body}), status=409, code="pause-refused")
    assert problem["detail"].endswith(".")
    assert actions() == []


def test_what_stands_still_already_is_a_409_that_names_the_pause(api: Client) -> None:
    first = post(api, PAUSES, REASON).json()
    problem = refused(post(api, PAUSES, REASON), status=409, code="pause-refused")
    assert first["id"] in problem["detail"]


def test_a_group_of_which_one_may_read_nothing_is_as_good_as_none(
    limited: Client, reader: User, group: str
) -> None:
    pause = Pause.objects.create(group=group, by="x", paused_at=timezone.now())
    grant(reader, "*", "operate", "publish")

    there = post(limited, f"groups/{group}/pauses", REASON)
    nowhere = post(limited, "groups/nowhere/pauses", REASON)
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)
    for pause_id in (pause.pk, uuid4()):
        answer = post(limited, f"pauses/{pause_id}/resume", REASON)
        refused(answer, status=404, code="not-found")
    assert in_force(limited, group) == []
    assert actions() == []


def test_a_reader_is_refused_and_the_refusal_is_audited(
    limited: Client, reader: User, group: str
) -> None:
    grant(reader, "*", "read")
    answer = post(limited, f"groups/{group}/pauses", REASON, **{"X-Request-ID": "request-7"})

    problem = refused(answer, status=403, code="forbidden")
    assert "operate" in problem["detail"]
    audited("reader", "pause", group, allowed=False)
    assert not Pause.objects.exists()

    pause = Pause.objects.create(group=group, by="x", paused_at=timezone.now())
    refused(post(limited, f"pauses/{pause.pk}/resume", REASON), status=403, code="forbidden")
    assert actions()[-1] == ("reader", "resume", group, False)
    pause.refresh_from_db()
    assert pause.resumed_at is None


def test_one_refused_for_an_unreadable_body_is_audited_too(
    limited: Client, reader: User, group: str
) -> None:
    grant(reader, "*", "read")
    refused(post(limited, f"groups/{group}/pauses", b"{"), status=403, code="forbidden")
    assert OperatorAction.objects.get().reason == ""


def test_a_whole_group_needs_the_right_to_each_of_its_topics(
    limited: Client, reader: User, group: str, two_topics: tuple[str, str]
) -> None:
    mine, other = two_topics
    grant(reader, mine, "read", "operate")

    whole = refused(post(limited, f"groups/{group}/pauses", REASON), status=403, code="forbidden")
    assert other not in whole["detail"]
    hidden = post(limited, f"groups/{group}/pauses", {**REASON, "topic": other})
    assert other not in refused(hidden, status=403, code="forbidden")["detail"]
    assert post(limited, f"groups/{group}/pauses", {**REASON, "topic": mine}).status_code == 201
    # That of the other topic is told to nobody who may not read it.
    theirs = Pause.objects.create(group=group, topic=other, by="x", paused_at=timezone.now())
    assert [each["topic"] for each in in_force(limited, group)] == [mine]
    refused(post(limited, f"pauses/{theirs.pk}/resume", REASON), status=404, code="not-found")


def test_the_bytes_of_a_key_are_for_those_who_may_see_values(
    limited: Client, reader: User
) -> None:
    ClosedKey.objects.create(
        group="invoices", topic=TOPIC, key=b"SECRET", cause="quarantined", by="waybill",
        closed_at=timezone.now(),
    )  # fmt: skip
    given = grant(reader, TOPIC, "read")

    [withheld] = in_force(limited)
    assert withheld["key_withheld"] is True
    assert "SECRET" not in str(withheld)
    given.may_see_values = True
    given.save()
    [shown] = in_force(limited)
    assert (shown["key"], shown["cause"]) == ("SECRET", "quarantined")


def test_a_repeated_request_is_carried_out_once(api: Client) -> None:
    key = {"Idempotency-Key": '"one"'}
    first, again = post(api, PAUSES, REASON, **key), post(api, PAUSES, REASON, **key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotent-Replayed"] == "true"
    assert again.content == first.content
    assert Pause.objects.count() == 1
    assert len(actions()) == 1
    other = post(api, PAUSES, {"reason": "another"}, **key)
    refused(other, status=422, code="idempotency-key-reused")


def test_a_refused_one_is_audited_under_an_idempotency_key_too(
    limited: Client, reader: User
) -> None:
    grant(reader, "*", "read")
    for _ in range(2):
        answer = post(limited, PAUSES, REASON, **{"Idempotency-Key": "k"})
        refused(answer, status=403, code="forbidden")
    assert [allowed for *_, allowed in actions()] == [False, False]


def test_operating_is_throttled_by_a_scope_of_its_own(
    api: Client, waybill_settings: Callable[..., Waybill]
) -> None:
    get_redis_connection("throttle").flushdb()
    waybill_settings(throttle_operate="1/1h")

    answers = [post(api, PAUSES, {}), post(api, f"pauses/{uuid4()}/resume", REASON)]

    assert [answer.status_code for answer in answers] == [422, 429]
    assert answers[0]["RateLimit-Policy"] == '"operate";q=1;w=3600'
    assert in_force(api) == []
    get_redis_connection("throttle").flushdb()


def test_other_methods_and_strangers_are_refused(api: Client) -> None:
    for address, allowed in (
        ("pauses", "GET, HEAD"),
        (PAUSES, "POST"),
        (f"pauses/{uuid4()}/resume", "POST"),
    ):
        for method in {"get", "post", "put", "patch", "delete"} - set(allowed.lower().split(", ")):
            answer = getattr(api, method)(f"/api/v1/{address}")
            assert (answer.status_code, answer["Allow"]) == (405, allowed)
    assert Client().get("/api/v1/pauses").status_code == 401
    assert post(Client(), PAUSES, REASON).status_code == 401


@pytest.mark.parametrize("query", ["verbose=1", "group=a&group=b", "group=%00"])
def test_a_wrong_query_is_a_400(api: Client, query: str) -> None:
    refused(api.get(f"/api/v1/pauses?{query}"), status=400, code="invalid-parameter")

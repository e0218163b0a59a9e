"""Throttles: what a caller took, counted in Redis, told in every answer, refused beyond."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_redis import get_redis_connection
from knox.models import AuthToken

from events.conf import Waybill
from events.models import Event

pytestmark = pytest.mark.django_db

Change = Callable[..., Waybill]
EVENT = {"type": "thing.happened", "data": 1}
AWAY = {"LOCATION": "redis://127.0.0.1:1/0"}


@pytest.fixture(autouse=True)
def counts() -> Iterator[Any]:
    """The Redis database in which throttles count, empty."""
    redis = get_redis_connection("throttle")
    redis.flushdb()
    yield redis
    redis.flushdb()


def publish(api: Client, topic: str) -> Any:
    return api.post(f"/api/v1/topics/{topic}/events", EVENT, content_type="application/json")


def test_what_is_left_is_told_and_what_is_beyond_is_refused(
    api: Client, topic: str, waybill_settings: Change
) -> None:
    waybill_settings(throttle_publish="2/1h")

    answers = [publish(api, topic) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    for answer in answers:
        assert answer["RateLimit-Policy"] == '"publish";q=2;w=3600'
    assert [answer["RateLimit"] for answer in answers] == [
        '"publish";r=1;t=1800',
        '"publish";r=0;t=3600',
        '"publish";r=0;t=3600',
    ]
    refused = answers[-1]
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "too-many-requests"
    assert refused["Retry-After"] == "1800"
    assert Event.objects.count() == 2


def test_each_event_of_a_batch_counts(api: Client, topic: str, waybill_settings: Change) -> None:
    waybill_settings(throttle_publish="5/1h")

    def send(count: int) -> Any:
        body = [EVENT] * count
        return api.post(f"/api/v1/topics/{topic}/events", body, content_type="application/json")

    first, refused, never = send(3), send(3), send(6)

    assert (first.status_code, first["RateLimit"]) == (202, '"publish";r=2;t=2160')
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert (never.status_code, never.json()["code"]) == (413, "too-large")
    assert "at most 5 events" in never.json()["detail"]
    assert Event.objects.count() == 3


def test_scopes_and_callers_have_each_their_own(
    api: Client, topic: str, waybill_settings: Change
) -> None:
    waybill_settings(throttle_publish="1/1h", throttle_read="1/1h")
    other = User.objects.create_superuser("other")
    another = Client(headers={"Authorization": f"Token {AuthToken.objects.create(other)[1]}"})

    assert publish(api, topic).status_code == 202
    assert publish(api, topic).status_code == 429
    read = api.get("/api/v1/topics")
    assert (read.status_code, read["RateLimit"]) == (200, '"read";r=0;t=3600')
    assert api.get("/api/v1/topics").status_code == 429
    assert publish(another, topic).status_code == 202


def test_refusals_tell_what_is_left_too_and_strangers_are_told_nothing(
    api: Client, waybill_settings: Change
) -> None:
    waybill_settings(throttle_read="5/1h")

    assert api.get("/api/v1/events?limit=x")["RateLimit"] == '"read";r=4;t=720'
    assert "RateLimit" not in Client().get("/api/v1/events")


def test_off_is_off(api: Client, topic: str, waybill_settings: Change, counts: Any) -> None:
    waybill_settings(throttle_publish="off")

    answer = publish(api, topic)

    assert answer.status_code == 202
    assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers)
    assert counts.dbsize() == 0


def test_the_limits_tell_the_rates(api: Client, waybill_settings: Change) -> None:
    waybill_settings(throttle_read="600/1m", throttle_operate="off")

    told = api.get("/api/v1/limits").json()

    assert told["throttles"] == {
        "publish": {"units": 1_200_000, "window_s": 60},
        "read": {"units": 600, "window_s": 60},
        "operate": None,
    }
    assert told["limits"]["event_bytes"] == 900_000
    assert told["backlog_age_limit_s"] == 86_400.0


def test_without_redis_everybody_is_let_through_and_it_is_said_once(
    api: Client, topic: str, settings: Any, waybill_settings: Change, caplog: Any
) -> None:
    settings.CACHES = {**settings.CACHES, "throttle": {**settings.CACHES["throttle"], **AWAY}}
    waybill_settings(throttle_publish="1/1h")

    answers = [publish(api, topic) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {202}
    assert not any("RateLimit" in answer for answer in answers)
    said = [each for each in caplog.messages if "Redis" in each]
    assert said == ["Redis does not answer; requests are not throttled"]

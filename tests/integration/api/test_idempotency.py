"""Idempotency-Key: one effect and one answer, however often the request comes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken

from events.models import Event, IdempotencyKey, OutboxEntry, TopicGrant
from invoices.models import Order
from tests.integration.api.keyed_posts import EVENT, JSON, KEY, publish, refused, replayed

pytestmark = pytest.mark.django_db


def test_the_same_request_again_gets_the_same_answer_and_stores_nothing(
    api: Client, topic: str
) -> None:
    first = publish(api, topic)
    assert first.status_code == 202
    for _ in range(2):
        replayed(publish(api, topic), first)
    assert OutboxEntry.objects.count() == 1
    assert Event.objects.get().idempotency_key == KEY.strip('"')
    assert IdempotencyKey.objects.get().key == KEY.strip('"')


def test_an_order_is_answered_201_again_though_it_exists(
    api: Client, order: dict[str, Any]
) -> None:
    def place() -> Any:
        return api.post(
            "/api/v1/orders", order, content_type=JSON, headers={"Idempotency-Key": KEY}
        )

    first = place()
    assert first.status_code == 201
    replayed(place(), first)
    assert Order.objects.count() == 1
    assert Event.objects.get().idempotency_key == KEY.strip('"')


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("8e03978e-40d5", "8e03978e-40d5"),
        ('"8e03978e-40d5"', "8e03978e-40d5"),
        ('"a b, c; d=e"', "a b, c; d=e"),
        (r'"say \"hi\" \\"', r'say "hi" \\'[:-1]),
        ("order/1042:placed", "order/1042:placed"),
        ('"' + "x" * 255 + '"', "x" * 255),
    ],
)
def test_a_key_is_a_string_with_or_without_its_quotation_marks(
    api: Client, topic: str, given: str, key: str
) -> None:
    assert publish(api, topic, key=given).status_code == 202
    assert IdempotencyKey.objects.get().key == key
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert publish(api, topic, key=quoted)["Idempotent-Replayed"] == "true"


NO_KEYS = ["", '""', '"', "a,b", "a b", 'a"b', '"a"b"', '"a";q=1', '"a\\b"', "é", '"é"', "\x7f"]
TOO_LONG = ["x" * 256, '"' + "x" * 256 + '"']


@pytest.mark.parametrize("key", [*NO_KEYS, *TOO_LONG])
def test_what_is_no_key_is_a_400_that_says_what_is(api: Client, topic: str, key: str) -> None:
    answer = refused(publish(api, topic, key=key), status=400, code="bad-request")
    assert "Idempotency-Key" in answer.json()["detail"]
    assert not Event.objects.exists()


@pytest.mark.parametrize("change", ["body", "white space", "query", "topic", "content type"])
def test_another_request_under_the_key_is_refused(
    api: Client, topic: str, make_topic: Callable[..., str], change: str
) -> None:
    publish(api, topic)
    others: dict[str, Callable[[], Any]] = {
        "body": lambda: publish(api, topic, {**EVENT, "data": 2}),
        "white space": lambda: publish(api, topic, json.dumps(EVENT).encode() + b"\n"),
        "query": lambda: publish(api, topic, query="?x=1"),
        "topic": lambda: publish(api, make_topic(create=False)),
        "content type": lambda: api.post(
            f"/api/v1/topics/{topic}/events",
            json.dumps(EVENT).encode(),
            content_type="application/json; charset=utf-8",
            headers={"Idempotency-Key": KEY},
        ),
    }
    refused(others[change](), status=422, code="idempotency-key-reused")
    assert Event.objects.count() == 1
    assert publish(api, topic)["Idempotent-Replayed"] == "true"


def test_the_key_of_another_address_is_refused(
    api: Client, topic: str, order: dict[str, Any]
) -> None:
    publish(api, topic)
    answer = api.post("/api/v1/orders", order, content_type=JSON, headers={"Idempotency-Key": KEY})
    refused(answer, status=422, code="idempotency-key-reused")
    assert not Order.objects.exists()


def test_two_callers_may_use_one_key(api: Client, topic: str) -> None:
    user = User.objects.create_user("another")
    TopicGrant.objects.create(user=user, topic=topic, may_publish=True)
    token = AuthToken.objects.create(user)[1]
    another = Client(headers={"Authorization": f"Token {token}"})
    answers = [publish(each, topic, {**EVENT, "data": n}) for n, each in enumerate([api, another])]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    "body", [b"[]", b'{"type": 1}', b'{"type": "no.such", "data": 1}', b'{"data":1,"id":""}']
)
def test_a_422_is_kept_and_said_again(api: Client, topic: str, body: bytes) -> None:
    first = publish(api, topic, body)
    assert first.status_code == 422
    replayed(publish(api, topic, body), first)
    refused(publish(api, topic), status=422, code="idempotency-key-reused")


def test_an_order_that_breaks_rules_is_refused_the_same_again(
    api: Client, order: dict[str, Any]
) -> None:
    answers = [
        api.post(
            "/api/v1/orders",
            order | {"lines": []},
            content_type=JSON,
            headers={"Idempotency-Key": KEY},
        )
        for _ in range(2)
    ]
    replayed(answers[1], answers[0])


def test_other_refusals_leave_the_key_free(api: Client, topic: str, caller: User) -> None:
    stored = publish(api, topic, {**EVENT, "id": "mine"}, key="first").status_code
    assert stored == 202
    refusals = [
        (publish(Client(), topic), 401),
        (publish(api, "nowhere"), 404),
        (publish(api, topic, b"{"), 400),
        (publish(api, topic, {**EVENT, "id": "mine", "data": 2}), 409),
        (publish(api, topic, {**EVENT, "data": "x" * 900_001}), 413),
    ]
    assert [answer.status_code for answer, _ in refusals] == [status for _, status in refusals]
    assert [row.key for row in IdempotencyKey.objects.all()] == ["first"]
    assert publish(api, topic).status_code == 202


@pytest.mark.django_db(transaction=True)
def test_a_failure_of_the_database_leaves_the_key_free_and_nothing_behind(
    api: Client, topic: str
) -> None:
    def fail(execute: Any, sql: str, *rest: Any) -> Any:
        if "events_outboxentry" in sql:
            execute("SELECT pg_terminate_backend(pg_backend_pid())", [], *rest[1:])
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        answer = publish(api, topic)
    refused(answer, status=503, code="unavailable")
    connection.close()
    assert not Event.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert publish(api, topic).status_code == 202


def test_an_event_stored_before_under_its_id_is_answered_and_the_answer_kept(
    api: Client, topic: str
) -> None:
    event = {**EVENT, "id": "mine"}
    first = api.post(f"/api/v1/topics/{topic}/events", event, content_type=JSON)
    again = publish(api, topic, event)
    assert (again.status_code, again["Idempotent-Replayed"]) == (202, "true")
    assert again.json() == first.json()
    assert publish(api, topic, event).content == again.content
    assert Event.objects.count() == 1


def test_a_key_costs_two_statements_and_none_costs_nothing(api: Client, topic: str) -> None:
    def statements(**headers: str) -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            api.post(f"/api/v1/topics/{topic}/events", EVENT, content_type=JSON, headers=headers)
        # Left out is the age of the backlog, which is asked for once a second.
        told = [each["sql"] for each in queries if "SAVEPOINT" not in each["sql"]]
        return [sql for sql in told if "INSERT" in sql or "outboxentry" not in sql]

    without, having = statements(), statements(**{"Idempotency-Key": KEY})
    assert len(having) == len(without) + 2
    assert not [sql for sql in without if "idempotency" in sql.replace("idempotency_key", "")]


CE = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "thing.happened"}


def test_in_binary_mode_the_attributes_are_part_of_what_is_asked(api: Client, topic: str) -> None:
    def send(**headers: str) -> Any:
        return api.post(
            f"/api/v1/topics/{topic}/events",
            b"1",
            content_type=JSON,
            headers=CE | {"Idempotency-Key": KEY, **headers},
        )

    first = send()
    assert first.status_code == 202
    replayed(send(), first)
    # What says how to answer, or whose trace it is, is none of it.
    other = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    replayed(send(**other, **{"X-Request-ID": "another"}), first)
    for change in ({"ce-subject": "s"}, {"ce-id": "2"}, {"ce-tenant": ""}):
        refused(send(**change), status=422, code="idempotency-key-reused")
    assert Event.objects.count() == 1


def test_outside_of_binary_mode_they_are_not(api: Client, topic: str) -> None:
    first = publish(api, topic)
    again = api.post(
        f"/api/v1/topics/{topic}/events",
        json.dumps(EVENT).encode(),
        content_type=JSON,
        headers={"Idempotency-Key": KEY, "ce-id": "no matter"},
    )
    replayed(again, first)

"""Batches over HTTP: all or none, or each for itself."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.models import Event, OutboxEntry, TopicGrant
from tests.integration.api.published import BATCH, CLOUD_EVENT, TYPE, post, refused

pytestmark = pytest.mark.django_db

EACH = "?atomic=false"
GOOD = {"type": TYPE, "data": 1}


def events(count: int) -> list[dict[str, Any]]:
    return [{**GOOD, "data": number, "key": str(number % 3)} for number in range(count)]


def values() -> list[bytes]:
    """The stored values, in the order in which they will reach Kafka."""
    entries = OutboxEntry.objects.order_by("sequence").select_related("event")
    return [bytes(entry.event.value or b"") for entry in entries]


def test_a_batch_is_stored_in_its_order_by_one_statement(api: Client, topic: str) -> None:
    answer = post(api, topic, events(100))
    assert answer.status_code == 202, answer.content
    assert Event.objects.values("accepted_at").distinct().count() == 1  # the statement's own time
    assert values() == [b"%d" % number for number in range(100)]
    told = answer.json()
    assert [record["key"] for record in told] == [str(number % 3) for number in range(100)]
    assert [record["state"] for record in told] == ["accepted"] * 100
    assert {record["id"] for record in told} == {
        str(pk) for pk in Event.objects.values_list("pk", flat=True)
    }
    assert "Location" not in answer
    assert "Idempotent-Replayed" not in answer


def test_each_value_of_a_batch_is_the_exact_bytes(api: Client, topic: str) -> None:
    first, second = b'{"type":"thing.happened", "data": [1,  2] }', b'{"data":{ "a":1.0},"type"'
    body = b" [ " + first + b",\n" + second + b':"thing.happened"} ]'
    assert post(api, topic, body).status_code == 202
    assert values() == [b"[1,  2]", b'{ "a":1.0}']


def test_cloudevents_come_as_a_batch_too(api: Client, topic: str) -> None:
    body = [CLOUD_EVENT | {"id": str(number), "data": number} for number in range(3)]
    answer = post(api, topic, body, content_type=f"{BATCH}; charset=utf-8")
    assert answer.status_code == 202, answer.content
    assert [record["ce_id"] for record in answer.json()] == ["0", "1", "2"]
    assert values() == [b"0", b"1", b"2"]


BAD: list[tuple[Any, str, str]] = [
    ({"type": TYPE}, "/1/data", "invalid"),
    ({**GOOD, "key": 1}, "/1/key", "invalid"),
    ({**GOOD, "key": "a\x00"[:1] + "\t", "id": "x" * 256}, "/1/id", "invalid"),
    ({**GOOD, "time": "9999-12-31T23:59:59-14:00"}, "/1/time", "invalid"),
    ({**GOOD, "headers": {"ce_id": "x"}}, "/1/headers/ce_id", "invalid"),
    ({**GOOD, "extra": 1}, "/1/extra", "invalid"),
    (7, "/1", "invalid"),
    ({**GOOD, "type": "thing.vanished"}, "/1/type", "unknown-event-type"),
]


@pytest.mark.parametrize(("bad", "pointer", "code"), BAD)
def test_one_bad_event_and_none_is_stored(
    api: Client, topic: str, bad: Any, pointer: str, code: str
) -> None:
    answer = post(api, topic, [GOOD, bad, GOOD])
    refused(answer, status=422, code=code, pointers=[pointer])
    assert not Event.objects.exists()


@pytest.mark.parametrize(("bad", "pointer", "code"), BAD)
def test_one_bad_event_and_the_others_are_stored_where_each_stands_alone(
    api: Client, topic: str, bad: Any, pointer: str, code: str
) -> None:
    answer = post(api, topic, [GOOD, bad, GOOD], query=EACH)
    assert answer.status_code == 207
    first, second, third = answer.json()
    assert [first["status"], second["status"], third["status"]] == [202, 422, 202]
    assert second["problem"]["code"] == code
    assert [each["pointer"] for each in second["problem"]["errors"]] == [pointer]
    assert "id" not in second
    stored = [str(entry.event_id) for entry in OutboxEntry.objects.order_by("sequence")]
    assert stored == [first["id"], third["id"]]


def test_everything_wrong_in_a_batch_is_told_at_once(api: Client, topic: str) -> None:
    batch = [{"type": TYPE}, GOOD, {**GOOD, "key": 1, "x": 2}, {**GOOD, "type": "a.b"}]
    pointers = ["/0/data", "/2/key", "/2/x", "/3/type"]
    refused(post(api, topic, batch), status=422, code="invalid", pointers=pointers)


def test_a_value_that_is_too_large_is_a_413_that_names_limit_and_place(
    api: Client, topic: str
) -> None:
    batch = [GOOD, {**GOOD, "data": "x" * 900_000}]
    problem = refused(post(api, topic, batch), status=413, code="too-large", pointers=["/1"])
    assert "event_bytes" in problem["detail"]
    each = post(api, topic, batch, query=EACH).json()
    assert [item["status"] for item in each] == [202, 413]


def test_an_empty_batch_is_refused(api: Client, topic: str) -> None:
    for content_type in ("application/json", BATCH):
        answer = post(api, topic, [], content_type=content_type)
        refused(answer, status=422, code="invalid", pointers=[""])


def test_a_batch_has_its_limits(api: Client, topic: str) -> None:
    assert post(api, topic, [GOOD] * 1_000).status_code == 202
    problem = refused(post(api, topic, [GOOD] * 1_001), status=413, code="too-large")
    assert "batch_events" in problem["detail"]
    body = json.dumps([{**GOOD, "data": "x" * 833_000}] * 6).encode()
    assert post(api, topic, body[:-1] + b" " * (5_000_000 - len(body)) + b"]").status_code == 202
    for content_type in ("application/json", BATCH):
        answer = post(api, topic, body + b" " * 5_000_001, content_type=content_type)
        assert "batch_bytes" in refused(answer, status=413, code="too-large")["detail"]


def test_the_array_is_none_of_the_levels_of_its_events(api: Client, topic: str) -> None:
    def body(levels: int) -> bytes:
        return b'{"type":"thing.happened","data":' + b"[" * levels + b"]" * levels + b"}"

    assert post(api, topic, body(63)).status_code == 202
    assert post(api, topic, b"[" + body(63) + b"]").status_code == 202
    refused(post(api, topic, b"[" + body(64) + b"]"), status=400, code="malformed-json")


def test_a_cloudevents_batch_must_be_an_array(api: Client, topic: str) -> None:
    answer = post(api, topic, CLOUD_EVENT, content_type=BATCH)
    refused(answer, status=422, code="invalid", pointers=[""])


NAMED = {**GOOD, "id": "mine", "key": "k"}


@pytest.mark.parametrize("query", ["", EACH])
def test_an_event_stored_before_is_told_again_and_the_others_are_stored(
    api: Client, topic: str, query: str
) -> None:
    first = post(api, topic, NAMED).json()
    answer = post(api, topic, [GOOD, NAMED], query=query)
    assert answer.status_code == (207 if query else 202), answer.content
    assert answer.json()[1]["id"] == first["id"]
    assert answer.json()[0]["id"] != first["id"]
    assert Event.objects.count() == OutboxEntry.objects.count() == 2


def test_a_batch_sent_twice_is_stored_once_and_says_so(api: Client, topic: str) -> None:
    batch = [{**NAMED, "id": str(number)} for number in range(5)]
    first, again = post(api, topic, batch), post(api, topic, batch)
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    each = post(api, topic, batch, query=EACH).json()
    assert each == [
        {"status": 202, "id": record["id"], "replayed": True} for record in first.json()
    ]
    assert Event.objects.count() == OutboxEntry.objects.count() == 5


@pytest.mark.parametrize("query", ["", EACH])
def test_an_event_twice_in_a_batch_is_one_event(api: Client, topic: str, query: str) -> None:
    told = post(api, topic, [NAMED, GOOD, NAMED], query=query).json()
    assert told[0]["id"] == told[2]["id"]
    assert Event.objects.count() == OutboxEntry.objects.count() == 2


def test_an_id_of_another_event_refuses_all_or_only_itself(api: Client, topic: str) -> None:
    post(api, topic, NAMED)
    batch = [{**GOOD, "id": "new"}, {**NAMED, "data": 2}]
    refused(post(api, topic, batch), status=409, code="event-id-reused", pointers=["/1/id"])
    assert Event.objects.count() == 1
    items = post(api, topic, batch, query=EACH).json()
    assert [item["status"] for item in items] == [202, 409]
    assert items[1]["problem"]["code"] == "event-id-reused"
    assert Event.objects.count() == 2


def test_one_id_for_two_events_of_a_batch(api: Client, topic: str) -> None:
    batch = [NAMED, {**NAMED, "data": 2}]
    refused(post(api, topic, batch), status=409, code="event-id-reused", pointers=["/1/id"])
    assert not Event.objects.exists()
    items = post(api, topic, batch, query=EACH).json()
    assert [item["status"] for item in items] == [202, 409]
    assert values() == [b"1"]


def test_who_may_not_read_is_not_told_what_is_stored(
    api: Client, topic: str, caller: User
) -> None:
    TopicGrant.objects.update(may_read=False)
    post(api, topic, NAMED)
    refused(post(api, topic, NAMED), status=409, code="event-id-reused")
    refused(post(api, topic, [NAMED]), status=409, code="event-id-reused")
    assert post(api, topic, [NAMED], query=EACH).json()[0]["status"] == 409


@pytest.mark.parametrize("query", ["?atomic=no", "?atomic=", "?atomic=false&atomic=true", "?x=1"])
def test_a_query_that_is_none_is_refused(api: Client, topic: str, query: str) -> None:
    refused(post(api, topic, [GOOD], query=query), status=400, code="invalid-parameter")
    assert not Event.objects.exists()


def test_one_event_is_answered_as_one_whatever_the_query(api: Client, topic: str) -> None:
    answer = post(api, topic, GOOD, query=EACH)
    assert answer.status_code == 202
    assert answer.json()["state"] == "accepted"


def test_a_keyed_batch_is_carried_out_once(api: Client, topic: str) -> None:
    def send(query: str) -> Any:
        headers = {"Idempotency-Key": f'"batch{query}"'}
        return post(api, topic, [GOOD, {**GOOD, "key": 1}, GOOD], query=query, headers=headers)

    for query, status in (("", 422), (EACH, 207)):
        first, again = send(query), send(query)
        assert first.status_code == again.status_code == status
        assert again.content == first.content
        assert again["Idempotent-Replayed"] == "true"
    assert Event.objects.count() == 2


def test_a_schema_violation_has_its_place_in_the_batch(
    api: Client, topic_with_schema: str
) -> None:
    good, bad = ({"type": TYPE, "data": {"order_id": each}} for each in ("1", 1))
    answer = post(api, topic_with_schema, [good, bad])
    refused(answer, status=422, code="invalid", pointers=["/1/data/order_id"])
    item = post(api, topic_with_schema, [good, bad], query=EACH).json()[1]
    assert [each["pointer"] for each in item["problem"]["errors"]] == ["/1/data/order_id"]

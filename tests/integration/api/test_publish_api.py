"""POST /api/v1/topics/{topic}/events: what is stored, and what the caller is told."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from events.models import Event, OutboxEntry

pytestmark = pytest.mark.django_db


def publish(api: Client, topic: str, body: bytes | dict[str, Any]) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.post(f"/api/v1/topics/{topic}/events", content, content_type="application/json")


def stored() -> Event:
    return Event.objects.get()


def test_an_event_is_stored_with_its_outbox_entry_and_answered_202(
    api: Client, topic: str
) -> None:
    answer = publish(api, topic, {"type": "thing.happened", "data": {"a": 1}, "key": "1042"})

    assert answer.status_code == 202
    event = stored()
    assert answer["Location"] == f"/api/v1/events/{event.pk}"
    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {
        "id": str(event.pk),
        "source": "/waybill",
        "ce_id": str(event.pk),
        "topic": topic,
        "key": "1042",
        "type": "thing.happened",
        "subject": "",
        "content_type": "application/json",
        "value_bytes": 8,
        "value_sha256": hashlib.sha256(b'{"a": 1}').hexdigest(),
        "occurred_at": event.occurred_at.isoformat(timespec="microseconds")[:-6] + "Z",
        "accepted_at": event.accepted_at.isoformat(timespec="microseconds")[:-6] + "Z",
        "published_by": "caller",
        "request_id": answer["X-Request-ID"],
        "state": "accepted",
        "links": {"self": f"/api/v1/events/{event.pk}"},
    }
    assert OutboxEntry.objects.get().event_id == event.pk


def test_the_value_is_the_exact_bytes_of_data(api: Client, topic: str) -> None:
    data = (
        b'{ "b":1.10,\n "a" : 123456789012345678901234567890, "u":"\\u00e9\xc3\xa9\\/" , "e":1E2}'
    )
    answer = publish(api, topic, b'{"data" :\t' + data + b'\n, "type": "thing.happened"}')

    assert answer.status_code == 202, answer.content
    assert bytes(stored().value or b"") == data


@pytest.mark.parametrize("data", [b"null", b"0", b'""', b"[]", b"false"])
def test_any_json_is_a_value_null_too(api: Client, topic: str, data: bytes) -> None:
    assert (
        publish(api, topic, b'{"type":"thing.happened","data":' + data + b"}").status_code == 202
    )
    assert bytes(stored().value or b"") == data


def test_a_member_spelled_with_escapes_is_the_same_member(api: Client, topic: str) -> None:
    body = b'{"\\u0074ype":"thing.happened","d\\u0061ta":[1,  2]}'
    assert publish(api, topic, body).status_code == 202
    assert bytes(stored().value or b"") == b"[1,  2]"


def test_all_members_are_kept(api: Client, topic: str) -> None:
    answer = publish(
        api,
        topic,
        {
            "type": "thing.happened",
            "data": 1,
            "key": "",
            "subject": "order 1042",
            "id": "mine-1",
            "source": "/shop",
            "time": "2026-01-31T12:00:00.5+01:00",
            "headers": {"x-tenant": "acme", "x-empty": ""},
        },
    )

    assert answer.status_code == 202, answer.content
    event = stored()
    assert (event.key, event.subject) == ("", "order 1042")
    assert (event.source, event.ce_id) == ("/shop", "mine-1")
    assert event.occurred_at == datetime(2026, 1, 31, 11, 0, 0, 500_000, tzinfo=UTC)
    assert event.headers == [["x-tenant", "acme"], ["x-empty", ""]]
    assert answer.json()["occurred_at"] == "2026-01-31T11:00:00.500000Z"


def test_null_members_are_absent_members(api: Client, topic: str) -> None:
    optional = dict.fromkeys(("key", "subject", "id", "source", "time", "headers"))
    answer = publish(api, topic, {"type": "thing.happened", "data": 1, **optional})
    assert answer.status_code == 202, answer.content
    assert stored().key is None


def test_the_same_event_again_is_answered_with_the_first(api: Client, topic: str) -> None:
    event = {"type": "thing.happened", "data": {"a": 1}, "id": "mine-1", "key": "k"}
    first = publish(api, topic, event)
    again = publish(api, topic, event)

    assert again.status_code == 202
    assert again["Idempotent-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first
    assert OutboxEntry.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"data": {"a": 2}}, {"key": "other"}, {"key": None}, {"data": {"a": 1.0}}]
)
def test_another_event_under_the_same_id_is_refused_without_the_first_ones_record(
    api: Client, topic: str, change: dict[str, Any]
) -> None:
    event = {"type": "thing.happened", "data": {"a": 1}, "id": "mine-1", "key": "k"}
    publish(api, topic, event)
    answer = publish(api, topic, event | change)

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == "event-id-reused"
    assert str(stored().pk) not in answer.content.decode()


def test_the_largest_value_is_accepted_and_one_byte_more_is_not(api: Client, topic: str) -> None:
    def body(size: int) -> bytes:
        return b'{"type":"thing.happened","data":"' + b"x" * (size - 2) + b'"}'

    assert publish(api, topic, body(900_000)).status_code == 202
    answer = publish(api, topic, body(900_001))
    assert answer.status_code == 413
    assert answer.json()["detail"] == "The limit event_bytes allows 900000, this one has 900001."


def test_the_callers_request_id_is_kept_with_the_event_and_sent_back(
    api: Client, topic: str
) -> None:
    answer = api.post(
        f"/api/v1/topics/{topic}/events",
        b'{"type":"thing.happened","data":1}',
        content_type="application/json; charset=UTF-8",
        headers={"X-Request-ID": "from-the-caller.1"},
    )
    assert answer["X-Request-ID"] == "from-the-caller.1"
    assert stored().request_id == "from-the-caller.1"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense", "*/*;q=x", ""])
def test_no_accept_header_is_refused(api: Client, topic: str, accept: str) -> None:
    answer = api.post(
        f"/api/v1/topics/{topic}/events",
        b'{"type":"thing.happened","data":1}',
        content_type="application/json",
        headers={"Accept": accept},
    )
    assert answer.status_code == 202


def test_a_waybill_is_read_back_without_the_value(api: Client, topic: str) -> None:
    location = publish(api, topic, {"type": "thing.happened", "data": "a secret"})["Location"]
    answer = api.get(location)

    assert answer.status_code == 200
    waybill = answer.json()
    assert waybill["state"] == "accepted"
    assert waybill["value_bytes"] == 10
    assert waybill["value_sha256"] == hashlib.sha256(b'"a secret"').hexdigest()
    assert "value" not in waybill
    assert "a secret" not in answer.content.decode()
    assert [entry["kind"] for entry in waybill["timeline"]] == ["accepted", "waiting"]
    assert waybill["complete"] is True


@pytest.mark.parametrize(
    "event_id", ["0198c5b2-0000-7000-8000-000000000000", "1042", "%00", "a/b", "%ff"]
)
def test_an_unknown_event_is_a_404_problem(api: Client, event_id: str) -> None:
    answer = api.get(f"/api/v1/events/{event_id}")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"


@pytest.mark.parametrize("count", [1, 2])
def test_a_time_may_have_any_offset_that_rfc_3339_has(api: Client, topic: str, count: int) -> None:
    event = {"type": "thing.happened", "data": 1, "time": "2026-01-31T12:00:00-19:40"}
    body = [event] * count if count > 1 else event
    answer = api.post(f"/api/v1/topics/{topic}/events", body, content_type="application/json")
    assert answer.status_code == 202, answer.content
    for stored in Event.objects.all():
        assert stored.occurred_at == datetime(2026, 2, 1, 7, 40, tzinfo=UTC)

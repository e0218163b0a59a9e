"""Bad input: always a clear 4xx problem, never a 500, and nothing stored."""

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.models import Event

pytestmark = pytest.mark.django_db

JSON = "application/json"


def post(api: Client, topic: str, body: bytes, content_type: str = JSON, **more: Any) -> Any:
    address = f"/api/v1/topics/{topic}/events"
    # The client itself leaves the content type of an empty body out.
    return api.generic("POST", address, body, CONTENT_TYPE=content_type, **more)


def problem_of(answer: Any, *, status: int, code: str) -> Any:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{code}"
    assert problem["request_id"] == answer["X-Request-ID"]
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"].startswith("/api/v1/")
    assert not Event.objects.exists()
    return problem


NOT_JSON = {
    "nothing": b"",
    "cut off": b'{"type": "thing.happened", "data": ',
    "no JSON": b"type=thing.happened&data=1",
    "garbage": bytes(range(256)),
    "bad UTF-8": b'{"type":"thing.happened","data":"\xff"}',
    "a NUL": b'{"type":"thing.happened","data":"\\u0000"}',
    "a NUL in the key": b'{"type":"thing.happened","data":1,"key":"a\\u0000"}',
    "a raw NUL": b'{"type":"thing.happened","data":"\x00"}',
    "a lone surrogate": b'{"type":"thing.happened","data":"\\ud800"}',
    "a lone surrogate in the key": b'{"type":"thing.happened","data":1,"key":"\\udfff"}',
    "5,000 deep": b'{"type":"thing.happened","data":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "5,000 deep objects": b'{"data":' * 5_000 + b"1" + b"}" * 5_000,
    "5,000 deep, never closed": b'{"data":' + b"[" * 5_000,
    "65 deep": b'{"type":"thing.happened","data":' + b"[" * 64 + b"]" * 64 + b"}",
    "NaN": b'{"type":"thing.happened","data":NaN}',
    "1e999": b'{"type":"thing.happened","data":1e999}',
    "data twice": b'{"type":"thing.happened","data":1,"data":2}',
    "trailing garbage": b'{"type":"thing.happened","data":1}}',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_what_is_no_acceptable_json_is_refused_with_400(
    api: Client, topic: str, body: bytes
) -> None:
    problem_of(post(api, topic, body), status=400, code="malformed-json")


GOOD = {"type": "thing.happened", "data": 1}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ("text", ""),
        (None, ""),
        (1, ""),
        ({"data": 1}, "/type"),
        ({"type": "thing.happened"}, "/data"),
        ({**GOOD, "type": None}, "/type"),
        ({**GOOD, "type": ["thing.happened"]}, "/type"),
        ({**GOOD, "key": 1042}, "/key"),
        ({**GOOD, "key": True}, "/key"),
        ({**GOOD, "subject": 1}, "/subject"),
        ({**GOOD, "subject": "x" * 1_025}, "/subject"),
        ({**GOOD, "id": 7}, "/id"),
        ({**GOOD, "id": ""}, "/id"),
        ({**GOOD, "id": "x" * 256}, "/id"),
        ({**GOOD, "source": []}, "/source"),
        ({**GOOD, "source": ""}, "/source"),
        ({**GOOD, "time": 1_700_000_000}, "/time"),
        ({**GOOD, "time": "yesterday"}, "/time"),
        ({**GOOD, "time": ""}, "/time"),
        ({**GOOD, "time": "2026-01-31T12:00:00"}, "/time"),
        ({**GOOD, "time": "0001-01-01T00:00:00+14:00"}, "/time"),
        ({**GOOD, "time": "9999-12-31T23:59:59-14:00"}, "/time"),
        ({**GOOD, "headers": []}, "/headers"),
        ({**GOOD, "headers": {"a": 1}}, "/headers/a"),
        ({**GOOD, "headers": {"a": None}}, "/headers/a"),
        ({**GOOD, "headers": {"": "x"}}, "/headers/"),
        ({**GOOD, "headers": {"é": "x"}}, "/headers/é"),
        ({**GOOD, "headers": {"a": "x", "ce_id": "x"}}, "/headers/ce_id"),
        ({**GOOD, "extra": 1}, "/extra"),
    ],
)
def test_json_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, topic: str, body: object, pointer: str
) -> None:
    answer = post(api, topic, json.dumps(body).encode())
    problem = problem_of(answer, status=422, code="invalid")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_every_error_is_told_at_once(api: Client, topic: str) -> None:
    problem = problem_of(post(api, topic, b'{"key": 1, "x": 2}'), status=422, code="invalid")
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {"/type", "/data", "/key", "/x"}


def test_a_thousand_errors_are_cut_short(api: Client, topic: str) -> None:
    body = json.dumps({f"x{number}": 1 for number in range(1_000)}).encode()
    problem = problem_of(post(api, topic, body), status=422, code="invalid")
    assert len(problem["errors"]) == 100


def test_a_type_the_topic_does_not_carry_is_refused_naming_those_it_does(
    api: Client, topic: str
) -> None:
    answer = post(api, topic, b'{"type":"thing.vanished","data":1}')
    problem = problem_of(answer, status=422, code="unknown-event-type")
    assert "thing.happened" in problem["detail"]


@pytest.mark.parametrize("name", ["nowhere", "%00", "..", "a%2Fb", "x" * 300, "%ff%fe", "ω"])
def test_an_unknown_topic_is_a_404_naming_the_known_ones(
    api: Client, topic: str, name: str
) -> None:
    answer = post(api, name, json.dumps(GOOD).encode())
    problem = answer.json()
    assert answer.status_code == 404
    if problem["code"] == "unknown-topic":
        assert topic in problem["detail"]
    else:
        assert "/" in name or "%2F" in name


def test_ten_megabytes_are_refused(api: Client, topic: str) -> None:
    body = b'{"type":"thing.happened","data":"' + b"x" * 10_000_000 + b'"}'
    problem = problem_of(post(api, topic, body), status=413, code="too-large")
    assert "batch_bytes" in problem["detail"]


@pytest.mark.parametrize(
    "members",
    [
        {"key": "é" * 513},
        {"headers": {f"h{number}": "x" for number in range(33)}},
        {"headers": {"h": "x" * 8_192}},
    ],
)
def test_what_is_too_large_besides_the_value_names_its_limit(
    api: Client, topic: str, members: dict[str, Any]
) -> None:
    answer = post(api, topic, json.dumps(GOOD | members).encode())
    problem = problem_of(answer, status=413, code="too-large")
    assert "The limit " in problem["detail"]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/jsonx",
        "application/cloudevents",
        "application/cloudevents+avro",
        "application/cloudevents-batch+avro",
        "application/cloudevents+json; charset=utf-16",
        "application/json, text/plain",
        "nonsense",
    ],
)
def test_another_content_type_is_refused_naming_the_accepted_ones(
    api: Client, topic: str, content_type: str
) -> None:
    answer = post(api, topic, json.dumps(GOOD).encode(), content_type)
    problem_of(answer, status=415, code="unsupported-media-type")
    assert answer["Accept-Post"] == (
        "application/json, application/cloudevents+json, application/cloudevents-batch+json"
    )


def test_a_compressed_body_is_refused(api: Client, topic: str) -> None:
    answer = post(api, topic, b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
    problem_of(answer, status=415, code="unsupported-media-type")


def test_a_body_shorter_than_announced_is_refused(api: Client, topic: str) -> None:
    answer = post(api, topic, json.dumps(GOOD).encode(), CONTENT_LENGTH="40")
    problem_of(answer, status=400, code="bad-request")


def test_a_body_longer_than_announced_is_read_as_far_as_announced(api: Client, topic: str) -> None:
    answer = post(api, topic, json.dumps(GOOD).encode(), CONTENT_LENGTH="12")
    problem_of(answer, status=400, code="malformed-json")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_are_never_an_error_of_ours(api: Client, topic: str, body: bytes) -> None:
    assert 400 <= post(api, topic, body).status_code < 500


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=VALUES, key=st.none() | TEXT, ascii_only=st.booleans())
def test_arbitrary_json_comes_back_byte_for_byte(
    api: Client, topic: str, value: object, key: str | None, ascii_only: bool
) -> None:
    data = json.dumps(value, ensure_ascii=ascii_only, indent=1 if ascii_only else None).encode()
    head = json.dumps({"type": "thing.happened", "key": key}, ensure_ascii=ascii_only)
    answer = post(api, topic, head[:-1].encode() + b', "data": ' + data + b" }")

    assert answer.status_code == 202, answer.content
    event = Event.objects.get(pk=answer.json()["id"])
    assert bytes(event.value or b"") == data
    assert event.key == key
    assert api.get(answer["Location"]).status_code == 200


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    members=st.dictionaries(
        st.sampled_from(["type", "data", "key", "subject", "id", "source", "time", "headers"]),
        VALUES | st.sampled_from(["thing.happened", "2026-01-31T12:00:00Z"]),
    )
)
def test_any_members_are_stored_or_refused_and_never_an_error_of_ours(
    api: Client, topic: str, members: dict[str, object]
) -> None:
    answer = post(api, topic, json.dumps({**GOOD, **members}).encode())
    assert answer.status_code in {202, 409, 413, 422}, answer.content

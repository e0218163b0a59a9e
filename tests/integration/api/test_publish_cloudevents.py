"""CloudEvents 1.0 over HTTP: binary and structured mode, and what they may not say."""

import json
from base64 import b64encode
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from django.test import Client

from events.models import Event
from tests.integration.api.published import (
    BATCH,
    CE_HEADERS,
    CLOUD_EVENT,
    JSON,
    STRUCTURED,
    TYPE,
    post,
    refused,
)

pytestmark = pytest.mark.django_db


def stored() -> Event:
    return Event.objects.get()


def value() -> bytes:
    return bytes(stored().value or b"")


def binary(api: Client, topic: str, body: bytes = b"1", **changes: Any) -> Any:
    content_type = changes.pop("content_type", JSON)
    headers = CE_HEADERS | {f"ce-{name}": text for name, text in changes.items()}
    kept = {name: text for name, text in headers.items() if text is not None}
    return post(api, topic, body, content_type=content_type, headers=kept)


def structured(api: Client, topic: str, **changes: Any) -> Any:
    return post(api, topic, CLOUD_EVENT | changes, content_type=STRUCTURED)


def test_binary_mode_takes_attributes_from_headers_and_the_body_as_it_is(
    api: Client, topic: str
) -> None:
    answer = binary(
        api,
        topic,
        b'{ "a" : 1.0 }',
        subject="order%2F1042 %C3%A9",
        time="2026-01-31T12%3A00%3A00.5Z",
        partitionkey="key%2520one",
        dataschema="https://example.org/schema%23a",
        tenant="ac%25me",
        sequence='"quoted \\"1\\""',
    )
    assert answer.status_code == 202, answer.content
    event = stored()
    assert value() == b'{ "a" : 1.0 }'
    assert (event.source, event.ce_id, event.type) == ("/shop", "1", TYPE)
    assert (event.subject, event.key) == ("order/1042 é", "key%20one")  # decoded once
    assert answer.json()["occurred_at"] == "2026-01-31T12:00:00.500000Z"
    assert dict(event.headers) == {
        "ce_dataschema": "https://example.org/schema#a",
        "ce_tenant": "ac%me",
        "ce_sequence": 'quoted "1"',
    }


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain; charset=latin-1", b"caf\xe9"),
        ("application/octet-stream", bytes(range(256))),
        ("application/x-protobuf", b"\0\0"),
        ("application/vnd.x+json;v=2", b'{"a":1}'),
        ("application/x-www-form-urlencoded", b"a=1&b=2"),
    ],
)
def test_binary_mode_takes_any_content_type(
    api: Client, topic: str, content_type: str, body: bytes
) -> None:
    assert binary(api, topic, body, content_type=content_type).status_code == 202
    assert (value(), stored().content_type) == (body, content_type)


def test_structured_mode_keeps_the_exact_bytes_of_data(api: Client, topic: str) -> None:
    body = json.dumps(CLOUD_EVENT)[:-1].encode() + b', "data" : { "n":1.10 , "e":1E2} }'
    assert post(api, topic, body, content_type=f"{STRUCTURED}; charset=UTF-8").status_code == 202
    assert value() == b'{ "n":1.10 , "e":1E2}'


def test_structured_mode_takes_every_attribute(api: Client, topic: str) -> None:
    answer = structured(
        api,
        topic,
        data=1,
        subject="s",
        partitionkey="k",
        time="2026-01-31T12:00:00+01:00",
        dataschema="urn:x",
        datacontenttype="application/x+json",
        tenant="é",
        flag=True,
        number=-7,
        unset=None,
    )
    assert answer.status_code == 202, answer.content
    event = stored()
    assert (event.subject, event.key, event.content_type) == ("s", "k", "application/x+json")
    assert answer.json()["occurred_at"] == "2026-01-31T11:00:00.000000Z"
    assert dict(event.headers) == {
        "ce_dataschema": "urn:x",
        "ce_tenant": "é",
        "ce_flag": "true",
        "ce_number": "-7",
    }


@pytest.mark.parametrize(
    ("members", "expected", "content_type"),
    [
        ({"data": None}, b"null", JSON),
        ({}, b"", JSON),
        ({"data": "é", "datacontenttype": "text/plain"}, "é".encode(), "text/plain"),
        ({"data_base64": "AAH/"}, b"\0\x01\xff", "application/octet-stream"),
        ({"data_base64": b64encode(b"[1 ]").decode(), "datacontenttype": JSON}, b"[1 ]", JSON),
        ({"data_base64": ""}, b"", "application/octet-stream"),
    ],
)
def test_data_in_every_spelling(
    api: Client, topic: str, members: dict[str, Any], expected: bytes, content_type: str
) -> None:
    assert structured(api, topic, **members).status_code == 202
    assert (value(), stored().content_type) == (expected, content_type)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"specversion": "0.3"}, "/specversion"),
    ({"specversion": ""}, "/specversion"),
    ({"id": ""}, "/id"),
    ({"id": None}, "/id"),
    ({"source": ""}, "/source"),
    ({"type": ""}, "/type"),
    ({"subject": ""}, "/subject"),
    ({"time": "yesterday"}, "/time"),
    ({"time": "2026-01-31T12:00:00"}, "/time"),
    ({"dataschema": ""}, "/dataschema"),
    ({"id": "x" * 256}, "/id"),
    ({"waybillid": "0198c5b2-0000-7000-8000-000000000000"}, "/waybillid"),
    ({"x" * 65: "long"}, f"/{'x' * 65}"[:65]),
]


@pytest.mark.parametrize(("changes", "pointer"), WRONG)
def test_a_wrong_attribute_is_named_in_both_modes(
    api: Client, topic: str, changes: dict[str, Any], pointer: str
) -> None:
    answer = structured(api, topic, data=1, **changes)
    refused(answer, status=422, code="invalid", pointers=[pointer])
    answer = binary(api, topic, **changes)
    refused(answer, status=422, code="invalid", pointers=[pointer])
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"Tenant": "x"}, "/Tenant"),
        ({"te_nant": "x"}, "/te_nant"),
        ({"tenant": 1.5}, "/tenant"),
        ({"tenant": 2**31}, "/tenant"),
        ({"tenant": {}}, "/tenant"),
        ({"id": 1}, "/id"),
        ({"data": 1, "data_base64": "MQ=="}, "/data_base64"),
        ({"data_base64": "no base64!"}, "/data_base64"),
        ({"data_base64": "ew==", "datacontenttype": JSON}, "/data_base64"),
        ({"data": {}, "datacontenttype": "text/plain"}, "/data"),
        ({"datacontenttype": "application/json; charset=latin-1"}, "/datacontenttype"),
        ({"datacontenttype": "é"}, "/datacontenttype"),
    ],
)
def test_what_structured_mode_may_not_say(
    api: Client, topic: str, members: dict[str, Any], pointer: str
) -> None:
    answer = structured(api, topic, **members)
    refused(answer, status=422, code="invalid", pointers=[pointer])


@pytest.mark.parametrize(
    ("name", "text", "pointer"),
    [
        ("a-b", "x", "/a_b"),
        ("datacontenttype", "text/plain", "/datacontenttype"),
        ("tenant", "%FF", "/tenant"),
        ("tenant", "\xe9", "/tenant"),
        ("tenant", "a%00", "/tenant"),
        ("data", "x", "/data"),
    ],
)
def test_what_binary_mode_may_not_say(
    api: Client, topic: str, name: str, text: str, pointer: str
) -> None:
    answer = binary(api, topic, b"1", **{name: text})
    refused(answer, status=422, code="invalid", pointers=[pointer])


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'"\\u0000"', b"[" * 70 + b"]" * 70, b'{"a":1,"a":2}']
)
@pytest.mark.parametrize("content_type", [JSON, "application/x+json", ""])
def test_json_in_binary_mode_is_read_as_strictly(
    api: Client, topic: str, body: bytes, content_type: str
) -> None:
    answer = binary(api, topic, body, content_type=content_type)
    refused(answer, status=400, code="malformed-json")


def test_json_in_another_charset_is_refused(api: Client, topic: str) -> None:
    answer = binary(api, topic, b"1", content_type="application/json; charset=latin-1")
    refused(answer, status=415, code="unsupported-media-type")


def test_a_cloudevents_content_type_is_looked_at_before_the_headers(
    api: Client, topic: str
) -> None:
    event = CLOUD_EVENT | {"id": "of the body"}
    answer = post(api, topic, event, content_type=STRUCTURED, headers=CE_HEADERS)
    assert answer.json()["ce_id"] == "of the body"
    answer = post(
        api, topic, [event | {"id": "of the batch"}], content_type=BATCH, headers=CE_HEADERS
    )
    assert answer.json()[0]["ce_id"] == "of the batch"
    refused(
        post(api, topic, event, content_type="application/cloudevents+avro", headers=CE_HEADERS),
        status=415,
        code="unsupported-media-type",
    )


def test_the_headers_are_looked_at_before_json(api: Client, topic: str) -> None:
    body = b'{"type": "no.matter", "data": 1}'
    assert binary(api, topic, body).status_code == 202
    assert value() == body


def test_what_the_value_may_weigh_is_the_same_in_every_mode(api: Client, topic: str) -> None:
    largest = b'"' + b"x" * 899_998 + b'"'
    assert binary(api, topic, largest).status_code == 202
    problem = refused(binary(api, topic, largest + b" ", id="2"), status=413, code="too-large")
    assert "event_bytes" in problem["detail"]
    encoded = b64encode(largest).decode()
    assert structured(api, topic, id="3", data_base64=encoded).status_code == 202


def test_the_trace_of_the_request_goes_with_the_event(api: Client, topic: str) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    trace = {"traceparent": parent, "tracestate": "a=1,b=2"}
    body = {"type": TYPE, "data": 1, "headers": {"x": "y"}}
    assert post(api, topic, body, headers=trace).status_code == 202
    assert stored().traceparent == parent
    assert stored().headers == [["x", "y"], ["tracestate", "a=1,b=2"]]


@pytest.mark.parametrize("parent", ["", "00-zz", f"00-{'0' * 32}-b7ad6b7169203331-01", "x" * 300])
def test_a_trace_that_is_none_is_dropped(api: Client, topic: str, parent: str) -> None:
    trace = {"traceparent": parent, "tracestate": "a=1"}
    assert post(api, topic, {"type": TYPE, "data": 1}, headers=trace).status_code == 202
    assert (stored().traceparent, stored().headers) == ("", [])


ATTRIBUTES = {
    "id": "7 é%",
    "source": "/shop/ü",
    "type": TYPE,
    "specversion": "1.0",
    "subject": 'a "quoted" subject',
    "tenant": "100% é",
}


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        ({"a": "é", "n": 1.5}, JSON),
        ({"a": 1}, None),
        (b"\0\xff", "application/octet-stream"),
        ("text é", "text/plain"),
        (None, None),
    ],
)
@pytest.mark.parametrize("to_message", [http.to_binary, http.to_structured])
def test_what_the_cloudevents_package_sends_is_taken_as_it_means_it(
    api: Client, topic: str, to_message: Any, data: Any, content_type: str | None
) -> None:
    attributes = ATTRIBUTES | ({"datacontenttype": content_type} if content_type else {})
    message = to_message(CloudEvent(attributes=attributes, data=data), JSONFormat())
    headers = dict(message.headers)
    answer = post(
        api, topic, message.body, content_type=headers.pop("content-type", ""), headers=headers
    )
    assert answer.status_code == 202, answer.content
    event = stored()
    assert (event.ce_id, event.source, event.subject) == (
        "7 é%",
        "/shop/ü",
        'a "quoted" subject',
    )
    assert dict(event.headers) == {"ce_tenant": "100% é"}
    assert JSONFormat().read_data(value(), content_type) == data


def test_a_schema_violation_points_into_the_data_in_both_modes(
    api: Client, topic_with_schema: str
) -> None:
    answer = structured(api, topic_with_schema, data={"order_id": 1})
    refused(answer, status=422, code="invalid", pointers=["/data/order_id"])
    answer = binary(api, topic_with_schema, b"{}")
    refused(answer, status=422, code="invalid", pointers=["/data/order_id"])
    answer = binary(api, topic_with_schema, b"x", content_type="text/plain")
    refused(answer, status=422, code="invalid", pointers=["/datacontenttype"])

"""Schemas: what is derived, what a value breaks, and what cannot be used at all."""

from dataclasses import dataclass
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import FieldError, Misconfigured
from events.schemas import document_errors, is_json, json_schema, value_errors
from events.topics import EventType

NAME = "thing.happened"


@dataclass
class Line:
    sku: str
    count: int


@dataclass
class Order:
    order_id: str
    lines: list[Line]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    size: int


def errors(schema: Any, value: bytes | None, content_type: str = "application/json") -> list[Any]:
    event_type = EventType(name=NAME, schema=schema)
    found = value_errors(event_type, value, content_type=content_type)
    return [(error.pointer, error.detail) for error in found]


def test_a_type_without_a_schema_takes_anything() -> None:
    assert errors(None, b"\xff", "text/plain") == []
    assert json_schema(EventType(name=NAME)) is None


def test_a_tombstone_has_no_value_that_could_be_wrong() -> None:
    assert errors(Order, None) == []


def test_a_schema_is_derived_from_a_dataclass_and_from_a_struct() -> None:
    assert errors(Order, b'{"order_id": "1", "lines": [{"sku": "a", "count": 2}]}') == []
    assert errors(Strict, b'{"size": 3}') == []


def test_every_broken_rule_is_told_with_its_place() -> None:
    assert errors(Order, b'{"lines": [{"sku": 1, "count": 1.5}, 7]}') == [
        ("/data/order_id", "is required"),
        ("/data/lines/0/sku", 'is not of type "string"'),
        ("/data/lines/0/count", 'is not of type "integer"'),
        ("/data/lines/1", 'is not of type "object"'),
    ]


def test_an_unknown_member_is_pointed_at_as_rfc_6901_writes_it() -> None:
    assert errors(Strict, b'{"size": 1, "a/b~c": 2}') == [("/data/a~1b~0c", "is not known here")]


def test_formats_are_checked() -> None:
    schema = {"type": "string", "format": "date-time"}
    assert errors(schema, b'"2026-01-31T12:00:00Z"') == []
    assert errors(schema, b'"yesterday"') == [("/data", 'is not a "date-time"')]


def test_what_is_said_never_holds_the_value() -> None:
    schema = {"enum": ["a"], "minLength": 50, "pattern": "^b$", "const": "c", "format": "uuid"}
    told = errors({"properties": {"it": schema}}, b'{"it": "secret-4711"}')
    assert len(told) == 5
    assert "secret" not in str(told)


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/jsonx", "image/png+xml"])
def test_a_type_with_a_schema_takes_json_only(content_type: str) -> None:
    [(pointer, _)] = errors(Order, b"{}", content_type)
    assert pointer == "/content_type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/vnd.shop.order+json"],
)
def test_json_has_several_media_types(content_type: str) -> None:
    assert is_json(content_type)


@pytest.mark.parametrize("value", [b"", b"{", b"\xff", b'"\\ud800"', b"[" * 9_000 + b"]" * 9_000])
def test_what_is_no_json_is_told(value: bytes) -> None:
    [(pointer, detail)] = errors(Order, value)
    assert pointer == "/data"
    assert detail.startswith("the value is not JSON")


def test_a_document_that_is_too_deep_for_the_validator_is_told() -> None:
    document: Any = 1
    for _ in range(50_000):
        document = [document]
    event_type = EventType(name=NAME, schema={"type": "object"})
    assert list(document_errors(event_type, document)) == [
        FieldError(pointer="/data", detail="is nested too deep to be checked")
    ]


def test_only_so_many_errors_are_looked_for() -> None:
    assert len(errors({"items": {"type": "string"}}, b"[" + b"1," * 4_999 + b"1]")) == 100


def test_whole_numbers_of_any_length_are_whole_numbers() -> None:
    assert errors({"type": "integer"}, b"9" * 300) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "no such type"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "http://schemas.invalid/order.json"},
        {"pattern": "("},
        object,
        3,
    ],
)
def test_a_schema_that_cannot_be_used_is_a_misconfiguration(schema: Any) -> None:
    with pytest.raises(Misconfigured, match=NAME):
        json_schema(EventType(name=NAME, schema=schema))


_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "1042"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["order_id", "lines", "sku", "count", "x"]), inner)
    ),
    max_leaves=8,
)


@given(document=_DOCUMENTS)
def test_the_verdict_is_that_of_another_validator(document: Any) -> None:
    event_type = EventType(name=NAME, schema=Order)
    oracle = jsonschema.Draft202012Validator(json_schema(event_type) or {})
    ours = not list(document_errors(event_type, document))
    assert ours == oracle.is_valid(document)

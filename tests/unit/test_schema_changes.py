"""Schema changes: which ones old events and old handlers survive."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from events.schema_changes import SchemaChange, Schemas, schema_changes
from events.topics import EventType, Topic, declare_topic, forget_topic

TOPIC, TYPE = "shop_order_eu_web", "order.placed"
BEFORE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string"},
        "state": {"enum": ["open", "paid"]},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"n": {}}}},
    },
    "required": ["order_id"],
}
OLD_EVENTS, OLD_HANDLERS = "events of before", "handlers of before"


def changed(path: str, value: Any) -> dict[str, Any]:
    """BEFORE with one place set; a value of None removes it."""
    schema: dict[str, Any] = json.loads(json.dumps(BEFORE))
    *steps, last = path.split("/")
    place = schema
    for step in steps:
        place = place[step]
    place[last] = value
    if value is None:
        del place[last]
    return schema


def change(old: Any, new: Any) -> SchemaChange | None:
    """The change from one schema to another."""
    changes = list(schema_changes({TOPIC: {TYPE: old}}, {TOPIC: {TYPE: new}}))
    return changes[0] if changes else None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("description", "what it says"),
        ("properties/order_id/examples", ["1042"]),
        ("properties/note", {"type": "string"}),
        ("properties/lines/items/properties/sku", {"type": "string"}),
        ("properties/state", None),
        ("properties/order_id", {"$ref": "#/$defs/id", "$defs": {"id": {"type": "string"}}}),
    ],
)
def test_members_may_come_and_go_where_they_are_optional(path: str, value: Any) -> None:
    if "$defs" in (value or {}):
        schema = changed(path, {"$ref": "#/$defs/id"}) | {"$defs": {"id": {"type": "string"}}}
    else:
        schema = changed(path, value)
    found = change(BEFORE, schema)
    assert found is not None
    assert found.broken == ()


@pytest.mark.parametrize(
    ("path", "value", "broken"),
    [
        ("required", ["order_id", "state"], [OLD_EVENTS]),
        ("required", [], [OLD_HANDLERS]),
        ("properties/state", {"enum": ["open", "paid", "lost"]}, [OLD_HANDLERS]),
        ("properties/state", {"enum": ["open"]}, [OLD_EVENTS]),
        ("properties/order_id", {"type": "integer"}, [OLD_EVENTS, OLD_HANDLERS]),
        ("properties/order_id/maxLength", 10, [OLD_EVENTS]),
        ("properties/order_id/format", "uuid", [OLD_EVENTS]),
        ("additionalProperties", False, []),
    ],
)
def test_what_breaks_somebody_is_told_by_whom_it_breaks(
    path: str, value: Any, broken: list[str]
) -> None:
    found = change(BEFORE, changed(path, value))
    assert found is not None
    assert [reason[: len(start)] for reason, start in zip(found.broken, broken, strict=True)] == (
        broken
    )
    assert "+" in found.diff


def test_a_closed_object_takes_no_further_member() -> None:
    old = {**BEFORE, "additionalProperties": False}
    new = {**changed("properties/note", {"type": "string"}), "additionalProperties": False}
    found = change(old, new)
    assert found is not None
    assert [reason.partition(" may")[0] for reason in found.broken] == [OLD_HANDLERS]


def test_an_object_described_in_several_places_is_judged_carefully() -> None:
    parts = [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]
    found = change({"allOf": parts}, {"allOf": [{"properties": {"a": {"type": "integer"}}}]})
    assert found is not None
    assert len(found.broken) == 2


def test_a_schema_added_or_taken_away_breaks_one_side() -> None:
    for old, new, broken in ((None, BEFORE, OLD_EVENTS), (BEFORE, None, OLD_HANDLERS)):
        found = change(old, new)
        assert found is not None
        assert found.broken[0].startswith(broken)
    assert change(None, None) is change(BEFORE, BEFORE) is None


def test_a_new_type_is_welcome_and_a_lost_one_is_not() -> None:
    old: Schemas = {TOPIC: {TYPE: BEFORE}}
    new: Schemas = {TOPIC: {f"{TYPE}.v2": BEFORE}}
    lost, added = schema_changes(old, new)
    assert (lost.type, lost.what, len(lost.broken)) == (TYPE, "is gone", 1)
    assert (added.type, added.what, added.broken) == (f"{TYPE}.v2", "is new", ())


@pytest.fixture
def declared() -> Iterator[None]:
    yield
    forget_topic(TOPIC)


def declare(schema: Any) -> None:
    forget_topic(TOPIC)
    declare_topic(Topic(name=TOPIC, types=(EventType(name=TYPE, schema=schema),)))


def check(path: Path, *flags: str) -> str:
    """Run the command; raises CommandError."""
    out = StringIO()
    call_command("checkschemas", "--snapshot", str(path), *flags, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("declared")
def test_the_command_keeps_a_snapshot_and_refuses_what_breaks_it(tmp_path: Path) -> None:
    path = tmp_path / "schemas.json"
    declare(BEFORE)
    with pytest.raises(CommandError, match="not up to date"):
        check(path)
    check(path, "--write")
    assert check(path) == "All schemas are as in the snapshot.\n"
    before = path.read_bytes()

    declare(changed("required", ["order_id", "state"]))
    for flags in ([], ["--write"], ["--write", "--accept", "another.type"]):
        with pytest.raises(CommandError, match="1 incompatible"):
            check(path, *flags)
    assert path.read_bytes() == before
    told = check(path, "--write", "--accept", TYPE)
    assert f"{TOPIC}: {TYPE} changed\n  {OLD_EVENTS}" in told
    assert check(path) == "All schemas are as in the snapshot.\n"


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', '{"a": {"b": {"type": 1}}}'])
def test_what_is_no_snapshot_is_not_overwritten(tmp_path: Path, content: str) -> None:
    path = tmp_path / "schemas.json"
    path.write_text(content)
    with pytest.raises(CommandError, match="snapshot"):
        check(path, "--write")
    assert path.read_text() == content


def test_the_projects_own_snapshot_is_up_to_date() -> None:
    out = StringIO()
    call_command("checkschemas", stdout=out)
    assert out.getvalue() == "All schemas are as in the snapshot.\n"

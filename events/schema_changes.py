"""Schema changes: what the declared schemas are, beside the snapshot that was committed.

An event lives longer than the code that wrote it. A schema may change as long as both hold:
values of before pass the new schema (they are still in Kafka, and are replayed), and values of
now pass the old one (handlers that are not deployed yet read them). Whatever else changes is a
new type, `invoice.requested.v2`, beside the old one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import Containment

from events.errors import Misconfigured
from events.schemas import json_schema
from events.topics import declared_topics

Schema = dict[str, Any] | None
Schemas = dict[str, dict[str, Schema]]  # by topic and event type

# Where these stand, one object is described in several places: in none of them it can be closed.
_COMPOSING = frozenset(
    {
        *("allOf", "not", "if", "dependentSchemas", "$dynamicRef", "$recursiveRef"),
        *("unevaluatedProperties", "propertyNames"),
    }
)
_CHOOSING = frozenset({"$ref", "anyOf", "oneOf"})
_DESCRIBING = frozenset({"properties", "patternProperties", "additionalProperties", "required"})
# Where a schema holds further ones that describe values of their own.
_SINGLE = ("items", "contains", "additionalProperties", "unevaluatedItems")
_LISTED = ("prefixItems", "anyOf", "oneOf")
_NAMED = ("properties", "patternProperties", "$defs", "definitions")


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaChange:
    """How one event type differs from the snapshot; `broken` says whom that breaks, if anybody."""

    topic: str
    type: str
    what: str
    broken: tuple[str, ...] = ()
    diff: str = ""


def declared_schemas() -> Schemas:
    """Return the JSON Schemas of all declared event types; raises Misconfigured."""
    return {
        topic.name: {each.name: json_schema(each) for each in topic.types}
        for topic in declared_topics()
    }


def read_snapshot(path: Path) -> Schemas:
    """Return the committed schemas, none if there is no file; raises Misconfigured."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path} cannot be read as a snapshot: {error}") from error
    if not isinstance(found, dict) or not all(map(_are_schemas, found.values())):
        raise Misconfigured(f"{path} is no snapshot: schemas by topic and event type are expected")
    return found


def _are_schemas(types: Any) -> bool:
    return isinstance(types, dict) and all(
        schema is None or (isinstance(schema, dict) and jsonschema_rs.meta.is_valid(schema))
        for schema in types.values()
    )


def write_snapshot(path: Path, schemas: Schemas) -> None:
    """Write the schemas, in an order that makes differences small; raises OSError."""
    path.write_text(f"{json.dumps(schemas, indent=2, sort_keys=True, ensure_ascii=False)}\n")


def schema_changes(old: Schemas, new: Schemas) -> Iterator[SchemaChange]:
    """Yield how the declared schemas differ from those of the snapshot, by topic and type."""
    for topic in sorted(old.keys() | new.keys()):
        before, now = old.get(topic, {}), new.get(topic, {})
        for name in sorted(before.keys() | now.keys()):
            if name not in before:
                yield SchemaChange(topic=topic, type=name, what="is new")
            elif name not in now:
                yield SchemaChange(topic=topic, type=name, what="is gone", broken=(_GONE,))
            elif before[name] != now[name]:
                yield SchemaChange(
                    topic=topic,
                    type=name,
                    what="changed",
                    broken=tuple(_broken(before[name], now[name])),
                    diff=_diff(before[name], now[name]),
                )


_GONE = "its events are still in Kafka and can be replayed: keep it declared"
_BACKWARD = "events of before may not pass the new schema"
_FORWARD = "handlers of before may get events that do not pass the old schema"


def _broken(old: Schema, new: Schema) -> Iterator[str]:
    if old is None:
        yield "events of before were not checked at all: they may not pass the new schema"
    elif new is None:
        yield "handlers of before may get events of any form"
    else:
        if not _covers(new, _as_written(old)):
            yield _BACKWARD
        if not _covers(old, _as_written(new)):
            yield _FORWARD


def _covers(wide: Mapping[str, Any], narrow: Mapping[str, Any]) -> bool:
    """Whether `wide` surely takes every value that `narrow` takes."""
    one, other = (
        jsonschema_rs.canonicalize(dict(each), validate_formats=True, offline=True)
        for each in (wide, narrow)
    )
    return bool(one.covers(other) == Containment.YES)


def _as_written(schema: Any) -> Any:
    """Return the schema with its objects having no other members than those it describes.

    That is how events are written: a member may be added later, though this schema would have
    allowed anything under its name. A schema that describes one object in several places stays as
    it is; a change to it may be taken for worse than it is.
    """
    return schema if _is_composed(schema) else _closed(schema)


def _is_composed(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_is_composed, schema))
    if not isinstance(schema, dict):
        return False
    words = schema.keys()
    if words & _COMPOSING or (words & _CHOOSING and words & _DESCRIBING):
        return True
    return any(map(_is_composed, schema.values()))


def _closed(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    closed = {word: _closed_within(word, value) for word, value in schema.items()}
    if "properties" in closed and "patternProperties" not in closed:
        closed.setdefault("additionalProperties", False)
    return closed


def _closed_within(word: str, value: Any) -> Any:
    if word in _SINGLE:
        return _closed(value)
    if word in _LISTED:
        return [_closed(each) for each in value]
    if word in _NAMED:
        return {name: _closed(each) for name, each in value.items()}
    return value


def _diff(old: Schema, new: Schema) -> str:
    before, now = (json.dumps(each, indent=2, sort_keys=True).splitlines() for each in (old, new))
    lines = unified_diff(before, now, "snapshot", "declared", n=2, lineterm="")
    return "\n".join(lines)

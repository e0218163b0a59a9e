"""Schemas: the JSON Schema of an event type, and what a value breaks of it.

Source: JSON Schema 2020-12 (other drafts by their `$schema`); formats are checked too.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import jsonschema_rs
import msgspec

from events.errors import FieldError, InvalidEvent, Misconfigured, pointer_step
from events.event import parsed
from events.topics import EventType

JSON = "application/json"
MOST_ERRORS = 100  # looked for in one value
_DETAIL_CHARACTERS = 300
_MASK = "value"  # stands for the caller's data in what the validator says


class _Compiled(NamedTuple):
    event_type: EventType
    schema: dict[str, Any]
    validator: Any  # jsonschema_rs has a class for each draft, and none above them


_compiled: dict[tuple[str, int], _Compiled] = {}


def json_schema(event_type: EventType) -> dict[str, Any] | None:
    """Return the type's JSON Schema, derived where a class was given; None if it has none.

    Raises Misconfigured if there is one that cannot be used.
    """
    return None if event_type.schema is None else _of(event_type).schema


def value_errors(
    event_type: EventType, value: bytes | None, *, content_type: str
) -> Iterator[FieldError]:
    """Yield what is wrong with a value, by pointers below `/data`; nothing without a schema.

    A tombstone has no value that could be wrong.
    """
    if event_type.schema is None or value is None:
        return
    if not is_json(content_type):
        detail = f"must be {JSON}: events of this type have a JSON Schema"
        yield FieldError(pointer="/content_type", detail=detail)
        return
    try:
        document = parsed(value)
    except InvalidEvent as error:
        yield FieldError(pointer="/data", detail=str(error))
        return
    yield from document_errors(event_type, document)


def document_errors(event_type: EventType, document: Any) -> Iterator[FieldError]:
    """Yield what is wrong with a parsed value, by pointers below `/data`."""
    if event_type.schema is None:
        return
    validator = _of(event_type).validator
    try:
        if validator.is_valid(document):
            return
        found = list(islice(validator.iter_errors(document), MOST_ERRORS))
    except (ValueError, RecursionError):  # nested deeper than the validator goes
        yield FieldError(pointer="/data", detail="is nested too deep to be checked")
        return
    for error in found:
        yield from _field_errors(error)


def is_json(content_type: str) -> bool:
    """Whether values of this media type are JSON (RFC 6839: `+json` as well)."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == JSON or media_type.endswith("+json")


def _of(event_type: EventType) -> _Compiled:
    # By identity: event types are declared once and live as long as the process.
    key = (event_type.name, id(event_type))
    found = _compiled.get(key)
    if found is None or found.event_type is not event_type:
        found = _compiled[key] = _compile(event_type)
    return found


def _compile(event_type: EventType) -> _Compiled:
    try:
        schema = _schema(event_type.schema)
        jsonschema_rs.meta.validate(schema)
        validator = jsonschema_rs.validator_for(
            schema, validate_formats=True, mask=_MASK, offline=True
        )
    except (TypeError, ValueError, jsonschema_rs.ReferencingError) as error:
        reason = str(error).partition("\n")[0]
        raise Misconfigured(
            f"the schema of event type {event_type.name!r} cannot be used: {reason}"
        ) from error
    return _Compiled(event_type, schema, validator)


def _schema(given: object) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    return msgspec.json.schema(given)


def _field_errors(error: jsonschema_rs.ValidationError) -> Iterator[FieldError]:
    path = list(error.instance_path)
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Required):
        yield FieldError(pointer=_pointer([*path, kind.property]), detail="is required")
    elif isinstance(kind, jsonschema_rs.ValidationErrorKind.AdditionalProperties):
        for name in kind.unexpected:
            yield FieldError(pointer=_pointer([*path, name]), detail="is not known here")
    else:
        said = error.message.removeprefix(f"{_MASK} ")[:_DETAIL_CHARACTERS]
        yield FieldError(pointer=_pointer(path), detail=said)


def _pointer(path: list[str | int]) -> str:
    return "".join(f"/{pointer_step(str(step))}" for step in ("data", *path))

"""Shapes: small JSON Schemas from which records are put together."""

from typing import Any

Shape = dict[str, Any]

TEXT: Shape = {"type": "string"}
WHOLE: Shape = {"type": "integer"}
NUMBER: Shape = {"type": "number"}
YES_OR_NO: Shape = {"type": "boolean"}
MOMENT: Shape = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339, in UTC, with microseconds.",
}
UUID: Shape = {"type": "string", "format": "uuid"}
ANYTHING: Shape = {}


def record(description: str = "", /, **members: Shape) -> Shape:
    """Return an object that has all of these members and no other."""
    shape: Shape = {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }
    return {**shape, "description": description} if description else shape


def partial(shape: Shape, *names: str) -> Shape:
    """Return a record's shape in which these members may be left out."""
    return {**shape, "required": [each for each in shape["required"] if each not in names]}


def optional(shape: Shape, *required: str) -> Shape:
    """Return a record's shape of which only these members have to be there."""
    return {**shape, "required": list(required)}


def listed(items: Shape, **more: Any) -> Shape:
    """Return an array of items."""
    return {"type": "array", "items": items, **more}


def nullable(shape: Shape) -> Shape:
    """Return the shape that may be null too."""
    if "type" in shape and isinstance(shape["type"], str):
        return {**shape, "type": [shape["type"], "null"]}
    return {"anyOf": [shape, {"type": "null"}]}


def one_of(*values: str) -> Shape:
    """Return a text that is one of these."""
    return {"type": "string", "enum": list(values)}


def text(most: int, *, least: int = 0, **more: Any) -> Shape:
    """Return a text of so many characters."""
    return {"type": "string", "minLength": least, "maxLength": most, **more}


def named(name: str) -> Shape:
    """Return a reference to a shape of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}

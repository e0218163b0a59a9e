"""Edited message: the value and the headers that a letter is to be redriven with."""

import msgspec

from events.api.members import Members
from events.api.operating.asked import Asked, Document
from events.api.operating.given_bytes import decoded, given_bytes
from events.event import Headers
from events.operating.editing import UNCHANGED, Unchanged


class _Value(msgspec.Struct):
    value: msgspec.Raw = msgspec.Raw()


_VALUE = msgspec.json.Decoder(_Value)


def is_edit(said: Document) -> bool:
    """Whether anything of the message is to be another."""
    return "value" in said or "value_base64" in said or said.get("headers") is not None


def edited_value(asked: Asked) -> bytes | Unchanged | None:
    """Return the value: `value` is JSON, its exact bytes as sent; `value_base64` null a tombstone.

    UNCHANGED if neither is there, or one is wrong, which is noted.
    """
    members = asked.members
    encoded = members.optional_text("value_base64")
    if members.holds("value"):
        members.optional("value")
        if members.holds("value_base64"):
            members.wrong("value_base64", "cannot be given together with value")
        return bytes(_VALUE.decode(asked.body).value)
    if not members.holds("value_base64"):
        return UNCHANGED
    if encoded is None:
        return UNCHANGED if members.has("value_base64") else None
    return decoded(members, "value_base64", encoded)


def edited_headers(members: Members) -> Headers | Unchanged:
    """Return the headers, in order; UNCHANGED if they are absent or null."""
    if not members.has("headers"):
        members.optional("headers")
        return UNCHANGED
    return tuple(_header(each) for each in members.objects("headers"))


def _header(members: Members) -> tuple[str, bytes | None]:
    name = members.text("name")
    if name == "" and members.holds_text("name"):
        members.wrong("name", "must not be empty")
    return name, given_bytes(members, "value")

"""Given bytes: a key or a value as callers write it, as text or in base64."""

import base64
import binascii

from events.api.members import Members


def given_bytes(members: Members, name: str) -> bytes | None:
    """Return the bytes of `name` (text) or `name_base64`; None if neither is there, or wrong."""
    encoded = f"{name}_base64"
    text, base = members.optional_text(name), members.optional_text(encoded)
    if text is not None and base is not None:
        members.wrong(encoded, f"cannot be given together with {name}")
    if text is not None:
        return text.encode()
    return None if base is None else decoded(members, encoded, base)


def decoded(members: Members, name: str, text: str) -> bytes | None:
    """Return the bytes of a text in base64; None if it is none, which is noted."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        members.wrong(name, "must be base64")
        return None

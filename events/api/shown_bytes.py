"""Shown bytes: a key or a value as text where it is UTF-8, else in base64; and back."""

import base64
from typing import Any


def shown_bytes(name: str, content: bytes | memoryview | None) -> dict[str, Any]:
    """Return the member: `name` with text, or null for none, else `name_base64`."""
    if content is None:
        return {name: None}
    try:
        return {name: bytes(content).decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(content).decode()}

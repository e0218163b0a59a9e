"""Key templates: `notification:invoices:{order_id}` filled from an event's payload."""

import re
from typing import Any

from events.errors import InvalidEvent

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.]*)\}")
_SCALAR = (str, int, bool)


class KeyTemplate:
    """A dedupe key with placeholders; dots reach inside objects."""

    def __init__(self, template: str) -> None:
        # Every second piece is the name of a placeholder.
        literals_and_names = _PLACEHOLDER.split(template)
        self._head = literals_and_names[0]
        self._rest = [
            (name, tuple(name.split(".")), literal)
            for name, literal in zip(
                literals_and_names[1::2], literals_and_names[2::2], strict=True
            )
        ]

    def filled(self, data: Any) -> str:
        """Return the key of this payload.

        Raises InvalidEvent if a placeholder finds nothing, or anything but text, integer, boolean.
        """
        key = self._head
        for placeholder, path, literal in self._rest:
            value = data
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if not isinstance(value, _SCALAR) or value == "":
                raise InvalidEvent(f"the payload has no usable {placeholder!r} for the dedupe key")
            key += f"{value}{literal}"
        return key

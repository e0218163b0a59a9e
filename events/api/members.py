"""Members: a JSON object read member by member, with everything wrong about it told at once."""

from collections.abc import Collection, Iterator
from typing import Any

from events.api.problems import invalid
from events.errors import FieldError, pointer_step

_MISSING = object()


class Members:
    """Takes the members an address knows; `refuse()` raises if one was wrong, missing or unknown.

    A member that is wrong yields an empty value, so that the others are looked at too. Nothing is
    converted: text is text, a whole number is written without a point, `true` is no number.
    """

    def __init__(
        self,
        document: dict[str, Any],
        *,
        pointer: str = "",
        errors: list[FieldError] | None = None,
    ) -> None:
        self._document = document
        self._pointer = pointer
        self._errors: list[FieldError] = [] if errors is None else errors
        self._known: set[str] = set()
        self._inner: list[Members] = []

    def text(self, name: str) -> str:
        """Return the text; it must be there."""
        return self._taken(name, str, "text") or ""

    def optional_text(self, name: str) -> str | None:
        """Return the text, None if it is absent or null."""
        self._known.add(name)
        if self._document.get(name) is None:
            return None
        found: str | None = self._taken(name, str, "text")
        return found

    def whole_number(self, name: str) -> int:
        """Return the number; it must be there."""
        return self._taken(name, int, "a whole number") or 0

    def optional_number(self, name: str, *, least: int, most: int) -> int | None:
        """Return the number between the two, None if it is absent or null."""
        self._known.add(name)
        if self._document.get(name) is None:
            return None
        found: int | None = self._taken(name, int, "a whole number")
        if found is not None and not least <= found <= most:
            self.wrong(name, f"must be from {least} to {most}")
            return None
        return found

    def optional_measure(self, name: str, *, least: float, most: float) -> float | None:
        """Return the number between the two, with or without a point; None as above."""
        self._known.add(name)
        value = self._document.get(name)
        if value is None:
            return None
        if type(value) not in {int, float}:
            self.wrong(name, f"must be a number, not {_kind(value)}")
        elif not least <= value <= most:
            self.wrong(name, f"must be from {least:g} to {most:g}")
        else:
            return float(value)
        return None

    def optional_list(self, name: str) -> list[Any] | None:
        """Return the array, whatever is in it; None if it is absent or null."""
        self._known.add(name)
        if self._document.get(name) is None:
            return None
        found: list[Any] | None = self._taken(name, list, "an array")
        return found

    def flag(self, name: str) -> bool:
        """Return whether it is true; false if it is absent or null."""
        self._known.add(name)
        if self._document.get(name) is None:
            return False
        return bool(self._taken(name, bool, "true or false"))

    def one_of(self, name: str, choices: Collection[str]) -> str:
        """Return the text, which must be there and one of these."""
        text = self.text(name)
        if self.holds_text(name) and text not in choices:
            self.wrong(name, f"must be one of {', '.join(choices)}")
        return text

    def required(self, name: str) -> Any:
        """Return the value, whatever it is; it must be there."""
        self._known.add(name)
        value = self._document.get(name, _MISSING)
        if value is _MISSING:
            self.wrong(name, "is required")
            return None
        return value

    def optional(self, name: str) -> Any:
        """Return the value, whatever it is; None if it is absent."""
        self._known.add(name)
        return self._document.get(name)

    def holds(self, name: str) -> bool:
        """Whether the member is there, null or not."""
        return name in self._document

    def holds_text(self, name: str) -> bool:
        """Whether the member is there and text."""
        return isinstance(self._document.get(name), str)

    def has(self, name: str) -> bool:
        """Whether the member is there and not null."""
        return self._document.get(name) is not None

    def others(self) -> Iterator[tuple[str, Any]]:
        """Yield the members nobody has asked for yet, and their values; they are known then."""
        for name in [each for each in self._document if each not in self._known]:
            self._known.add(name)
            yield name, self._document[name]

    def object(self, name: str) -> "Members":
        """Return the members of an object; it must be there."""
        value = self._taken(name, dict, "an object")
        if value is None:  # told already: what is missing inside it would be noise
            return Members({}, errors=[])
        return self._within(value, self.pointer(name))

    def objects(self, name: str) -> Iterator["Members"]:
        """Yield the members of each object in an array; it must be there."""
        for index, value in enumerate(self._taken(name, list, "an array") or []):
            pointer = f"{self.pointer(name)}/{index}"
            if isinstance(value, dict):
                yield self._within(value, pointer)
            else:
                detail = f"must be an object, not {_kind(value)}"
                self._errors.append(FieldError(pointer=pointer, detail=detail))

    def texts(self, name: str) -> dict[str, str]:
        """Return an object of texts; empty if it is absent or null."""
        self._known.add(name)
        if self._document.get(name) is None:
            return {}
        given = self._taken(name, dict, "an object of texts") or {}
        for inner, value in given.items():
            if not isinstance(value, str):
                pointer = f"{self.pointer(name)}/{pointer_step(inner)}"
                detail = f"must be text, not {_kind(value)}"
                self._errors.append(FieldError(pointer=pointer, detail=detail))
        return given

    def pointer(self, name: str) -> str:
        """Return the JSON pointer (RFC 6901) of a member."""
        return f"{self._pointer}/{pointer_step(name)}"

    def wrong(self, name: str, detail: str) -> None:
        """Add an error about a member."""
        self._errors.append(FieldError(pointer=self.pointer(name), detail=detail))

    def wrong_as_a_whole(self, detail: str) -> None:
        """Add an error about the object itself."""
        self._errors.append(FieldError(pointer=self._pointer, detail=detail))

    def refuse(self) -> None:
        """Raise Problem 422 if anything is wrong."""
        if errors := self.errors():
            raise invalid(errors)

    def errors(self) -> list[FieldError]:
        """Return all that is wrong; the last thing to ask for."""
        self._note_unknown()
        return self._errors

    def _note_unknown(self) -> None:
        for name in self._document.keys() - self._known:
            known = ", ".join(sorted(self._known))
            self.wrong(name, f"is not known here; known are {known}")
        for members in self._inner:
            members._note_unknown()

    def _within(self, document: dict[str, Any], pointer: str) -> "Members":
        members = Members(document, pointer=pointer, errors=self._errors)
        self._inner.append(members)
        return members

    def _taken(self, name: str, kind: type, wanted: str) -> Any:
        before = len(self._errors)
        value = self.required(name)
        if type(value) is kind:  # not isinstance: True would be an int
            return value
        if len(self._errors) == before:
            self.wrong(name, f"must be {wanted}, not {_kind(value)}")
        return None


def _kind(value: object) -> str:
    names = {
        str: "text",
        bool: "true or false",
        int: "a number",
        float: "a number with a point",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "null")

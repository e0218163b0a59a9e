"""Query parameters: read one by one, with everything wrong about them told at once."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from rest_framework.request import Request

from events.api import problem_kinds as kinds
from events.api.moment import ZonedTime
from events.api.problems import Problem
from events.errors import FieldError, pointer_step

LONGEST = 1_024  # characters; keys are the longest that anything is asked for by
_TIME_WANTED = "must be a time as RFC 3339 has it: 2026-01-31T12:00:00Z (a + is written %2B)"


class Parameters:
    """Takes the parameters an address knows; `refuse()` raises if one was wrong or unknown.

    A parameter that is wrong yields what an absent one does, so that the others are looked at too.
    """

    def __init__(self, request: Request) -> None:
        self._given = request.query_params
        self._errors: list[FieldError] = []
        self._known: set[str] = set()

    def text(self, name: str) -> str | None:
        """Return the text, None if it is absent."""
        self._known.add(name)
        values = self._given.getlist(name)
        if len(values) > 1:
            self.wrong(name, "is given more than once")
        elif values and (len(values[0]) > LONGEST or "\0" in values[0]):
            self.wrong(name, f"must be at most {LONGEST} characters, without NUL")
        elif values:
            return str(values[0])
        return None

    def one_of(self, name: str, choices: Collection[str]) -> str | None:
        """Return the choice, None if it is absent."""
        text = self.text(name)
        if text is None or text in choices:
            return text
        self.wrong(name, f"must be one of {', '.join(choices)}")
        return None

    def whole_number(self, name: str, *, most: int, default: int) -> int:
        """Return a number from 1 to `most`."""
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:10]) <= most:
            self.wrong(name, f"must be a whole number from 1 to {most}")
            return default
        return int(text[:10])

    def time(self, name: str) -> datetime | None:
        """Return the time, None if it is absent."""
        text = self.text(name)
        if text is None:
            return None
        try:
            # PostgreSQL knows no offsets of 16 hours and more, RFC 3339 does.
            return msgspec.convert(text, ZonedTime).astimezone(UTC)
        except (msgspec.ValidationError, OverflowError):
            self.wrong(name, _TIME_WANTED)
            return None

    def uuid(self, name: str) -> UUID | None:
        """Return the id, None if it is absent."""
        text = self.text(name)
        if text is None:
            return None
        try:
            return UUID(text)
        except ValueError:
            self.wrong(name, "must be a UUID")
            return None

    def wrong(self, name: str, detail: str) -> None:
        """Add an error about a parameter."""
        self._errors.append(FieldError(pointer=f"/{pointer_step(name)}", detail=detail))

    def refuse(self) -> None:
        """Raise Problem 400 if anything is wrong."""
        known = ", ".join(sorted(self._known)) or "none"
        for name in self._given.keys() - self._known:
            self.wrong(name, f"is not known here; known are: {known}")
        if self._errors:
            detail = f"Of the query {len(self._errors)} parameters are wrong: see the errors."
            if len(self._errors) == 1:
                [error] = self._errors
                detail = f"The query parameter {error.pointer[1:]!r} {error.detail}."
            raise Problem(kinds.INVALID_PARAMETER, detail, errors=self._errors)

"""A point in time as callers write it: RFC 3339, with its offset."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from events.api.members import Members

ZonedTime = Annotated[datetime, msgspec.Meta(tz=True)]


def moment(members: Members, name: str) -> datetime | None:
    """Return the time of an optional member; None if it is absent, or wrong and noted."""
    text = members.optional_text(name)
    if text is None:
        return None
    try:
        return msgspec.convert(text, ZonedTime)
    except msgspec.ValidationError:
        members.wrong(name, "must be a time as RFC 3339 has it: 2026-01-31T12:00:00Z")
        return None


def storable_moment(members: Members, name: str) -> datetime | None:
    """Return the time in UTC; None if it is absent, or wrong and noted.

    RFC 3339 knows offsets, and with them years, that PostgreSQL does not.
    """
    found = moment(members, name)
    try:
        return None if found is None else found.astimezone(UTC)
    except OverflowError:
        members.wrong(name, "is beyond the times that can be kept")
        return None

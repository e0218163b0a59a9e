"""A point in time as callers write it: RFC 3339, with its offset."""

from datetime import datetime
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

"""Tracing: from whatever names it to everything that is known about it, in one step."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from events.auditing.finding import Found, find
from events.auditing.foreign_message import ForeignMessage, foreign_message
from events.auditing.waybill import Waybill, waybill
from events.models import Event


@dataclass(frozen=True, kw_only=True, slots=True)
class Traced:
    """What a text led to: the matches, and the whole story where they speak of one thing.

    That is the `waybill` of an event, or the `message` that was not published here.
    """

    found: Found
    waybill: Waybill | None = None
    message: ForeignMessage | None = None


def trace(text: str, *, topics: Collection[str] | None = None) -> Traced:
    """Find what the text names, as `find()` does, and tell its story: eight queries at most."""
    found = find(text, topics=topics)
    if found.only is None or found.only.type != "event":
        return Traced(found=found, message=foreign_message(found))
    try:
        return Traced(found=found, waybill=waybill(UUID(found.only.id)))
    except Event.DoesNotExist:  # pruned meanwhile
        return Traced(found=Found(text=found.text))

"""The list of events: newest first, page by page, each page read by an index and bounded.

Its lanes are one key, one subject, the few events that wait in the outbox, or each of the topics
by itself; type, publisher and state are known to no index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models.functions import Length

from events.auditing.lanes import Lanes, Places, equals, given, places
from events.auditing.waybill import State
from events.models import Event

WAITING = 10_000  # up to so many entries the outbox is a lane of its own


class Place(NamedTuple):
    """Where an event stands in the list."""

    accepted_at: datetime
    id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which events. `topics`: None for all; times: at or after the first, before the second."""

    topics: Sequence[str] | None = None
    type: str | None = None
    key: str | None = None
    subject: str | None = None
    state: State | None = None
    published_by: str | None = None
    accepted_from: datetime | None = None
    accepted_before: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Events, as `with_state()` gives them, with `value_bytes`, without value and headers.

    `next` is the place after which the next page begins; None if this is the last one.
    """

    events: list[Event]
    next: Place | None


def event_page(wanted: Wanted, *, after: Place | None, limit: int) -> Page:
    """Return at most `limit` events behind `after`. Two to four queries, whatever is stored."""
    found = event_places(wanted, after=after, limit=limit)
    events = _events([event_id for _, event_id in found.found])
    return Page(events=events, next=None if found.next is None else Place(*found.next))


def event_places(
    wanted: Wanted, *, after: Place | None, limit: int, examined: int | None = None
) -> Places:
    """Return where the events of a page stand, by time and id."""
    if wanted.topics is not None and not wanted.topics:
        return Places([], None)
    return places(_lanes(wanted), after=after, limit=limit, examined=examined)


_ALL = "TRUE"
_BY_TOPIC = equals("r.topic")
_OF_KEY = "r.key = %(key)s"
_OF_SUBJECT = "r.subject = %(subject)s AND r.subject <> ''"
_ENTRY = "SELECT {} FROM events_outboxentry o WHERE o.cause = 'first' AND o.parked_at IS {}"
_IN_OUTBOX = f"r.id = ANY(ARRAY({_ENTRY}))"
_PARKED = """EXISTS (SELECT FROM events_outboxentry o WHERE o.event_id = f.id
                     AND o.cause = 'first' AND o.parked_at IS NOT NULL)"""
_PUBLISHED = "EXISTS (SELECT FROM events_publication p WHERE p.event_id = f.id)"
_STATES = {
    State.PARKED: _PARKED,
    State.PUBLISHED: f"{_PUBLISHED} AND NOT {_PARKED}",
    State.ACCEPTED: f"NOT {_PUBLISHED} AND NOT {_PARKED}",
}
_WAITS = {State.PARKED: "NOT NULL", State.ACCEPTED: "NULL"}


def _lanes(wanted: Wanted) -> Lanes:
    lane = _lane(wanted)
    state = None if wanted.state is None else _STATES[wanted.state]
    return Lanes(
        table="events_event",
        order=("accepted_at", "id"),
        lane=lane,
        within=("topic",) if lane is _BY_TOPIC else (),
        lanes=wanted.topics or () if lane is _BY_TOPIC else [""],
        bounds=given(
            (wanted.accepted_from, "r.accepted_at >= %(from)s"),
            (wanted.accepted_before, "r.accepted_at < %(before)s"),
        ),
        filters=given(
            (None if lane is _BY_TOPIC else wanted.topics, "f.topic = ANY(%(topics)s)"),
            (wanted.type, "f.type = %(type)s"),
            (None if lane is _OF_SUBJECT else wanted.subject, "f.subject = %(subject)s"),
            (wanted.published_by, "f.published_by = %(published_by)s"),
            (state, state or ""),
        ),
        parameters={
            "topics": list(wanted.topics or ()),
            "type": wanted.type,
            "key": wanted.key,
            "subject": wanted.subject,
            "published_by": wanted.published_by,
            "from": wanted.accepted_from,
            "before": wanted.accepted_before,
        },
    )


def _lane(wanted: Wanted) -> str:
    if wanted.key is not None:
        return _OF_KEY
    if wanted.subject:
        return _OF_SUBJECT
    if wanted.state in _WAITS and _few_wait(_WAITS[wanted.state]):
        return _IN_OUTBOX.format("o.event_id", _WAITS[wanted.state])
    return _ALL if wanted.topics is None else _BY_TOPIC


def _few_wait(parked: str) -> bool:
    entries = _ENTRY.format("", parked)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM ({entries} LIMIT %s) few",  # noqa: S608 - constants of this file
            [WAITING + 1],
        )
        return int(cursor.fetchone()[0]) <= WAITING


def _events(ids: Sequence[UUID]) -> list[Event]:
    rows: dict[UUID, Any] = (
        Event.objects.with_state()
        .annotate(value_bytes=Length("value"))
        .defer("value", "headers")
        .in_bulk(ids)
    )
    return [rows[each] for each in ids if each in rows]

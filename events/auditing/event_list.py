"""The list of events: newest first, page by page, each page read by an index and bounded.

A page is put together from *lanes*: parts of the table that one index holds in the wanted order.
That is one key, one subject, the few events that wait in the outbox, or each of the topics by
itself. What a lane yields is then filtered by what no index knows (type, publisher, state): of a
lane at most `EXAMINED` rows are looked at for one page, so a page may hold less than was asked
for, even nothing, and yet have a next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models.functions import Length

from events.auditing.waybill import State
from events.models import Event

EXAMINED = 5_000
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
    """Return at most `limit` events behind `after`. Three to five queries, whatever is stored."""
    places, following = event_places(wanted, after=after, limit=limit)
    return Page(events=_events(places), next=following)


def event_places(
    wanted: Wanted, *, after: Place | None, limit: int, examined: int = EXAMINED
) -> tuple[list[Place], Place | None]:
    """Return where the events of a page stand, and behind which place the next page begins."""
    if wanted.topics is not None and not wanted.topics:
        return [], None
    question = _Question(wanted, after=after, limit=limit, examined=examined)
    places = question.places()
    horizon = question.horizon() if question.may_be_cut(places) else None
    if horizon is not None:
        places = [place for place in places if place >= horizon]
    if len(places) > limit:
        places = places[:limit]
        horizon = places[-1]
    return places, horizon


class _Question:
    def __init__(self, wanted: Wanted, *, after: Place | None, limit: int, examined: int) -> None:
        self._wanted = wanted
        self._lane = _lane(wanted)
        self._filters = _filters(wanted, lane=self._lane)
        lanes = len(wanted.topics or ()) if self._lane is _BY_TOPIC else 1
        self._has_lanes = lanes > 1
        self._enough = enough = limit + 1
        self._parameters = {
            "topics": list(wanted.topics or ()),
            "type": wanted.type,
            "key": wanted.key,
            "subject": wanted.subject,
            "published_by": wanted.published_by,
            "from": wanted.accepted_from,
            "before": wanted.accepted_before,
            "at": after and after.accepted_at,
            "id": after and after.id,
            "enough": enough,
            "examined": max(enough, examined // lanes) if self._filters else enough,
        }
        self._bounds = _bounds(wanted, after=after)

    def places(self) -> list[Place]:
        """Return the newest places, one more than the page holds if there are so many."""
        matches = " AND ".join(["TRUE", *self._filters])
        return self._ask(f"""
            SELECT f.accepted_at, f.id FROM ({self._rows} LIMIT %(examined)s) f WHERE {matches}
            ORDER BY {self._order("f")} LIMIT %(enough)s""")  # noqa: S608

    def may_be_cut(self, places: Sequence[Place]) -> bool:
        """Whether rows that nobody looked at may belong among the places or behind them."""
        if not self._filters:
            return False  # every lane was read as far as the page may reach
        return self._has_lanes or len(places) < self._enough

    def horizon(self) -> Place | None:
        """Return the oldest place down to which every lane was looked at; None: to its end."""
        found = self._ask(f"{self._rows} OFFSET %(examined)s - 1 LIMIT 1")
        return max(found, default=None)

    @property
    def _rows(self) -> str:
        conditions = " AND ".join([self._lane, *self._bounds])
        return f"""
            SELECT e.* FROM events_event e WHERE {conditions}
            ORDER BY {self._order("e")}"""  # noqa: S608 - constants of this file

    def _order(self, row: str) -> str:
        topic = f"{row}.topic, " if self._lane is _BY_TOPIC else ""
        return f"{topic}{row}.accepted_at DESC, {row}.id DESC"

    def _ask(self, per_lane: str) -> list[Place]:
        query = per_lane
        if self._lane is _BY_TOPIC:
            query = f"""
                SELECT l.accepted_at, l.id FROM unnest(%(topics)s::text[]) AS t(topic)
                CROSS JOIN LATERAL ({per_lane}) l
                ORDER BY l.accepted_at DESC, l.id DESC LIMIT %(enough)s"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT q.accepted_at, q.id FROM ({query}) q", self._parameters)  # noqa: S608
            return sorted(map(Place._make, cursor.fetchall()), reverse=True)


_ALL = "TRUE"
# Not plainly equal, and ordered by topic: only the index of topics will do. As lanes.py has it.
_BY_TOPIC = "e.topic = ANY(ARRAY[t.topic])"
_OF_KEY = "e.key = %(key)s"
_OF_SUBJECT = "e.subject = %(subject)s AND e.subject <> ''"
_ENTRY = "SELECT {} FROM events_outboxentry o WHERE o.cause = 'first' AND o.parked_at IS {}"
_IN_OUTBOX = f"e.id = ANY(ARRAY({_ENTRY}))"
_PARKED = """EXISTS (SELECT FROM events_outboxentry o WHERE o.event_id = f.id
                     AND o.cause = 'first' AND o.parked_at IS NOT NULL)"""
_PUBLISHED = "EXISTS (SELECT FROM events_publication p WHERE p.event_id = f.id)"
_STATES = {
    State.PARKED: _PARKED,
    State.PUBLISHED: f"{_PUBLISHED} AND NOT {_PARKED}",
    State.ACCEPTED: f"NOT {_PUBLISHED} AND NOT {_PARKED}",
}
_WAITS = {State.PARKED: "NOT NULL", State.ACCEPTED: "NULL"}


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


def _bounds(wanted: Wanted, *, after: Place | None) -> list[str]:
    given = (
        (wanted.accepted_from, "e.accepted_at >= %(from)s"),
        (wanted.accepted_before, "e.accepted_at < %(before)s"),
        (after, "(e.accepted_at, e.id) < (%(at)s, %(id)s)"),
    )
    return [condition for value, condition in given if value is not None]


def _filters(wanted: Wanted, *, lane: str) -> list[str]:
    given = (
        (wanted.topics is not None and lane is not _BY_TOPIC, "f.topic = ANY(%(topics)s)"),
        (wanted.type is not None, "f.type = %(type)s"),
        (wanted.subject is not None and lane is not _OF_SUBJECT, "f.subject = %(subject)s"),
        (wanted.published_by is not None, "f.published_by = %(published_by)s"),
        (wanted.state is not None, _STATES.get(wanted.state or State.PARKED, "")),
    )
    return [condition for is_given, condition in given if is_given]


def _events(places: Sequence[Place]) -> list[Event]:
    rows: dict[UUID, Any] = (
        Event.objects.with_state()
        .annotate(value_bytes=Length("value"))
        .defer("value", "headers")
        .in_bulk([place.id for place in places])
    )
    return [rows[place.id] for place in places if place.id in rows]

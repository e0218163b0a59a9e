"""Pages: what the relay reads next of the outbox, flat however much the outbox holds."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import accumulate
from typing import Any, NamedTuple

import psycopg

from events.publishing.buckets import BUCKETS
from events.publishing.entry import OVERHEAD_BYTES, Entry
from events.publishing.horizon import Horizon
from events.topics import declared_topics

# Values up to this size are read with their page; a full page of them fits into memory.
SMALL_VALUE_BYTES = 4_096
# How often the floors are lifted, and how often all is read from the very first entry again.
LIFT_EVERY_S = 0.25
FORGET_EVERY_S = 60.0

# `outbox_ready` holds, by topic, first the entries that have no time to wait for, in order, then
# the others by their times: neither what waits nor another topic's million stands in the way.
# Written so that no other index has the order that is asked for, whatever the statistics say.
_DUE = "coalesce(o.retry_at, o.publish_after, '-infinity'::timestamptz)"
_FROM_FLOOR = (
    f"({_DUE}, o.sequence) >= ('-infinity'::timestamptz, t.floor) AND {_DUE} <= '-infinity'"
)
# Found by presence, never by "sequence > the last one": that would skip rows that commit late.
# Left out: what is in flight, and what stands behind an entry of its key that was tried in vain
# or is parked; entries without a key stand behind nobody. A bit a bucket and NOT IN, which makes
# a hash table: arrays would be searched for every row.
_FREE = """
      (%(buckets)s::bigint >> o.bucket) & 1 = 1
      AND o.sequence NOT IN (SELECT unnest(%(in_flight)s::bigint[]))
      AND (o.key IS NULL OR NOT EXISTS (
          SELECT FROM events_outboxentry w
          WHERE w.topic = o.topic AND w.key = o.key AND w.sequence < o.sequence
            AND (w.retry_at IS NOT NULL OR w.parked_at IS NOT NULL)))
"""
_ENTRY = "o.sequence, o.topic, o.key, o.bucket, o.attempts, o.event_id"
_PAGE = f"""
    SELECT ready.*
    FROM unnest(%(topics)s::text[], %(rooms)s::int[], %(floors)s::bigint[])
        AS t(topic, room, floor)
    CROSS JOIN LATERAL (
        SELECT * FROM (
            (SELECT {_ENTRY} FROM events_outboxentry o
             WHERE o.parked_at IS NULL AND o.topic = t.topic AND {_FROM_FLOOR} AND {_FREE}
             ORDER BY {_DUE}, o.sequence LIMIT t.room)
            UNION ALL
            (SELECT {_ENTRY} FROM events_outboxentry o
             WHERE o.parked_at IS NULL AND o.topic = t.topic AND {_DUE} > '-infinity'
               AND {_DUE} <= now() AND {_FREE}
             ORDER BY {_DUE}, o.sequence LIMIT t.room)
        ) either ORDER BY sequence LIMIT t.room
    ) ready
    ORDER BY ready.sequence LIMIT %(limit)s
"""  # noqa: S608 - constants of this file
_SIZE = f"coalesce(octet_length(e.value), 0) + {OVERHEAD_BYTES}"
_EVENT = "e.ce_id, e.type, e.source, e.subject, e.content_type"
_REST = "nullif({0}.headers, '[]'::jsonb), {0}.traceparent, {0}.occurred_at::text"
SMALL_PAGE = f"""
SELECT o.sequence, o.topic, o.key, o.bucket, o.attempts, {_SIZE}, e.id::text, {_EVENT},
       CASE WHEN octet_length(e.value) <= {SMALL_VALUE_BYTES} THEN e.value END, {_REST.format("e")}
FROM ({_PAGE}) o LEFT JOIN events_event e ON e.id = o.event_id
ORDER BY o.sequence
"""  # noqa: S608 - constants of this file
# The inner query bounds the rows, the outer one the bytes (values are read only then); the first
# row comes in any case.
LARGE_PAGE = f"""
SELECT o.sequence, o.topic, o.key, o.bucket, o.attempts, o.size, e.id::text, {_EVENT}, e.value,
       {_REST.format("e")}
FROM (
    SELECT q.*, sum(q.size) OVER (ORDER BY q.sequence ROWS UNBOUNDED PRECEDING) AS total
    FROM (
        SELECT o.*, {_SIZE} AS size
        FROM ({_PAGE}) o LEFT JOIN events_event e ON e.id = o.event_id
    ) q
) o LEFT JOIN events_event e ON e.id = o.event_id
WHERE o.total <= %(room)s OR o.total = o.size
ORDER BY o.sequence
"""  # noqa: S608 - constants of this file
# The first entry of each topic that is there for anybody, from the floor up.
_FIRST = f"""
SELECT t.topic, (
    SELECT o.sequence FROM events_outboxentry o
    WHERE o.parked_at IS NULL AND o.topic = t.topic AND {_FROM_FLOOR}
    ORDER BY {_DUE}, o.sequence LIMIT 1)
FROM unnest(%(topics)s::text[], %(floors)s::bigint[]) AS t(topic, floor)
"""  # noqa: S608 - constants of this file
# Topics that nobody declared here, between those we know: an index probe each.
_UNKNOWN = """
WITH known AS (
    SELECT topic, lead(topic) OVER (ORDER BY topic) AS next
    FROM (SELECT '' AS topic UNION SELECT unnest(%(topics)s::text[])) t
)
SELECT found.topic FROM known k CROSS JOIN LATERAL (
    (SELECT o.topic FROM events_outboxentry o
     WHERE k.next IS NOT NULL AND o.parked_at IS NULL AND o.topic > k.topic AND o.topic < k.next
     ORDER BY o.topic LIMIT 1)
    UNION ALL
    (SELECT o.topic FROM events_outboxentry o
     WHERE k.next IS NULL AND o.parked_at IS NULL AND o.topic > k.topic
     ORDER BY o.topic LIMIT 1)
) found
"""


class Wanted(NamedTuple):
    """What a page may hold: `room(topic)` is how many entries of the topic."""

    buckets: Collection[int]
    in_flight: Collection[int]
    room: Callable[[str], int]
    limit: int
    room_bytes: int


class Pages:
    """Reads pages over the relay's connection; all methods raise psycopg.Error.

    A topic's entries are read from its floor: an entry below it is neither there nor can one
    appear (Horizon), save by a hand that writes old numbers: those are found within a minute.
    """

    def __init__(
        self, connection: psycopg.Connection, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._horizon = Horizon(connection)
        self.floors: dict[str, int] = {}
        self._lift_at = float("-inf")
        self._forget_at = clock() + FORGET_EVERY_S
        self.meets_large = False

    def ask(self, wanted: Wanted) -> psycopg.Cursor[Any] | None:
        """Send the question for the page and return its cursor for `page()`.

        None if no topic takes any.
        """
        rooms = {topic: wanted.room(topic) for topic in self.floors}
        topics = [topic for topic, room in rooms.items() if room > 0]
        if not topics or not wanted.buckets:
            return None
        parameters = {
            "buckets": _bits(wanted.buckets),
            "in_flight": array(wanted.in_flight),
            "topics": topics,
            "rooms": [rooms[topic] for topic in topics],
            "floors": [self.floors[topic] for topic in topics],
            "limit": wanted.limit,
            "room": wanted.room_bytes,
        }
        cursor = self._connection.cursor(binary=True)
        cursor.execute(LARGE_PAGE if self.meets_large else SMALL_PAGE, parameters)
        return cursor

    def page(self, cursor: psycopg.Cursor[Any], *, room_bytes: int) -> tuple[list[Entry], bool]:
        """Return the asked page in order, and whether it was cut short: the rest is there now.

        What is beyond `room_bytes` is left out, but never the first.
        """
        entries = list(map(Entry._make, cursor.fetchall()))
        large = next((n for n, entry in enumerate(entries) if _is_large(entry)), None)
        was_small, self.meets_large = not self.meets_large, large is not None
        fitting = _within(entries, room_bytes)
        if was_small and large is not None:  # its value was not read
            fitting = min(fitting, large)
        return entries[:fitting], fitting < len(entries)

    def lift_floors(self) -> None:
        """Find topics nobody declared here, and lift the floors, unless it was done just now."""
        for topic in declared_topics():
            self.floors.setdefault(topic.name, 0)
        now = self._clock()
        if now < self._lift_at:
            return
        self._lift_at = now + LIFT_EVERY_S
        if now >= self._forget_at:
            self._forget_at = now + FORGET_EVERY_S
            self.floors = dict.fromkeys(self.floors, 0)
        self._horizon.advance()
        while found := self._rows(_UNKNOWN, {"topics": list(self.floors)}):
            self.floors.update((topic, 0) for (topic,) in found)
        highest = self._horizon.passed + 1
        wanted = {"topics": list(self.floors), "floors": list(self.floors.values())}
        for topic, first in self._rows(_FIRST, wanted):
            self.floors[topic] = highest if first is None else min(first, highest)

    def _rows(self, query: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, parameters).fetchall()


def array(numbers: Iterable[int]) -> str:
    """Return the numbers as PostgreSQL's text: psycopg looks at every element of a list."""
    return "{" + ",".join(map(str, numbers)) + "}"


def _bits(buckets: Iterable[int]) -> int:
    bits = sum(1 << bucket for bucket in buckets)
    return bits - (1 << BUCKETS) if bits >> (BUCKETS - 1) else bits  # as a signed bigint


def _within(entries: list[Entry], room_bytes: int) -> int:
    for number, total in enumerate(accumulate(entry.size for entry in entries)):
        if total > room_bytes:
            return number or 1
    return len(entries)


def _is_large(entry: Entry) -> bool:
    return entry.size > SMALL_VALUE_BYTES + OVERHEAD_BYTES

"""The outbox as the relay sees it: what to send next, and what became of it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import psycopg

from events.kafka.producer import Delivered

# What a record weighs beside its value: key, headers, bookkeeping.
OVERHEAD_BYTES = 512

# Values up to this size are read with their page; a full page of them fits into memory.
SMALL_VALUE_BYTES = 4_096

# Rows are found by presence, never by "sequence > the last one": that would skip rows that commit
# late. Left out: what is in flight, what waits, and what stands behind a waiting or parked entry
# of its key; entries without a key stand behind nobody.
_DUE = """
        FROM events_outboxentry o LEFT JOIN events_event e ON e.id = o.event_id
        WHERE o.bucket = ANY(%(buckets)s::smallint[])
          AND o.parked_at IS NULL
          AND (o.retry_at IS NULL OR o.retry_at <= now())
          AND (o.publish_after IS NULL OR o.publish_after <= now())
          AND o.topic <> ALL(%(closed)s::text[])
          AND o.sequence <> ALL(%(in_flight)s::bigint[])
          AND (o.key IS NULL OR NOT EXISTS (
              SELECT FROM events_outboxentry w
              WHERE w.topic = o.topic AND w.key = o.key AND w.sequence < o.sequence
                AND (w.retry_at IS NOT NULL OR w.parked_at IS NOT NULL)
                AND (w.retry_at > now() OR w.parked_at IS NOT NULL)))
        ORDER BY o.sequence
        LIMIT %(limit)s
"""
_SIZE = f"coalesce(octet_length(e.value), 0) + {OVERHEAD_BYTES}"
_TIME = """to_char({}.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_PENDING_SMALL = f"""
SELECT o.sequence, o.topic, o.key, o.bucket, o.attempts, {_SIZE}, e.id::text, e.ce_id, e.type,
       e.source, e.subject, e.content_type,
       CASE WHEN octet_length(e.value) <= {SMALL_VALUE_BYTES} THEN e.value END,
       nullif(e.headers, '[]'::jsonb), e.traceparent, {_TIME.format("e")}
{_DUE}
"""
# The inner query bounds the rows, the outer one the bytes (values are read only then); the first
# row comes in any case.
_PENDING_LARGE = f"""
SELECT p.sequence, p.topic, p.key, p.bucket, p.attempts, p.size, p.id::text, p.ce_id, p.type,
       p.source, p.subject, p.content_type, p.value, nullif(p.headers, '[]'::jsonb), p.traceparent,
       {_TIME.format("p")}
FROM (
    SELECT q.*, sum(q.size) OVER (ORDER BY q.sequence ROWS UNBOUNDED PRECEDING) AS total
    FROM (
        SELECT o.sequence, o.topic, o.key, o.bucket, o.attempts,
               e.id, e.ce_id, e.type, e.source, e.subject, e.content_type, e.value, e.headers,
               e.traceparent, e.occurred_at, {_SIZE} AS size
        {_DUE}
    ) q
) p
WHERE p.total <= %(room)s OR p.total = p.size
ORDER BY p.sequence
"""  # noqa: S608 - constants of this file
# One statement, one transaction: no publication without its entry's end, no end without it.
_DELIVERED = """
WITH gone AS (
    DELETE FROM events_outboxentry o
    USING unnest(%(sequences)s::bigint[], %(partitions)s::int[], %(offsets)s::bigint[])
        AS t(sequence, partition, "offset")
    WHERE o.sequence = t.sequence
    RETURNING o.event_id, o.topic, t.partition, t."offset", o.cause, o.by
)
INSERT INTO events_publication (event_id, topic, partition, "offset", published_at, cause, by)
SELECT event_id, topic, partition, "offset", now(), cause, by FROM gone
"""
_POSTPONED = """
UPDATE events_outboxentry o
SET retry_at = now() + t.delay_s * interval '1 second', attempts = o.attempts + 1,
    last_error = t.reason
FROM unnest(%s::bigint[], %s::float8[], %s::text[]) AS t(sequence, delay_s, reason)
WHERE o.sequence = t.sequence
"""
_PARKED = """
UPDATE events_outboxentry o
SET parked_at = now(), attempts = o.attempts + 1, last_error = t.reason
FROM unnest(%s::bigint[], %s::text[]) AS t(sequence, reason)
WHERE o.sequence = t.sequence
"""
_UNDELIVERED = """
SELECT count(*), coalesce(max(nullif(last_error, '')), '')
FROM events_outboxentry
WHERE bucket = ANY(%s::smallint[]) AND parked_at IS NULL
  AND (publish_after IS NULL OR publish_after <= now())
"""


class Entry(NamedTuple):
    """An outbox entry with its event, as read for Kafka; no `event_id`: the event is gone."""

    sequence: int
    topic: str
    key: str | None
    bucket: int
    attempts: int
    size: int
    event_id: str | None
    ce_id: str
    type: str
    source: str
    subject: str
    content_type: str
    value: bytes | None
    headers: list[list[str]] | None
    traceparent: str
    time: str


class Postponement(NamedTuple):
    """An entry to be tried again later."""

    sequence: int
    delay_s: float
    reason: str


class Parking(NamedTuple):
    """An entry that can never be written, and why."""

    sequence: int
    reason: str


class Entries:
    """The relay's statements, each a transaction of its own over the relay's connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._meets_large = False

    def pending(
        self,
        *,
        buckets: Collection[int],
        closed_topics: Collection[str],
        in_flight: Collection[int],
        limit: int,
        room_bytes: int,
    ) -> list[Entry]:
        """Return, in order, entries that may be sent now; the first even beyond `room_bytes`."""
        wanted = {
            "buckets": list(buckets),
            "closed": list(closed_topics),
            "in_flight": _array(in_flight),
            "limit": limit,
            "room": room_bytes,
        }
        if not self._meets_large:
            entries = _within(self._read(_PENDING_SMALL, wanted), room_bytes)
            if not any(map(_is_large, entries)):
                return entries
        entries = self._read(_PENDING_LARGE, wanted)
        self._meets_large = any(map(_is_large, entries))
        return entries

    def mark_delivered(
        self, delivered: Sequence[Delivered], *, meanwhile: Callable[[], None]
    ) -> None:
        """Write the publications and end the entries; the tokens are Entry values.

        PostgreSQL does it while `meanwhile()` runs, which must not use the connection.
        """
        with self._connection.pipeline() as pipeline:
            self._connection.execute(
                _DELIVERED,
                {
                    "sequences": _array(report.token.sequence for report in delivered),
                    "partitions": _array(report.partition for report in delivered),
                    "offsets": _array(report.offset for report in delivered),
                },
            )
            pipeline.sync()  # now it begins
            meanwhile()

    def postpone(self, postponements: Sequence[Postponement]) -> None:
        """Let the entries wait, and with them the later ones of their keys."""
        self._connection.execute(_POSTPONED, _columns(postponements))

    def park(self, parkings: Sequence[Parking]) -> None:
        """Set the entries aside; the later ones of their keys wait until people decide."""
        self._connection.execute(_PARKED, _columns(parkings))

    def undelivered(self, buckets: Collection[int]) -> tuple[int, str]:
        """Return how many entries that are due remain, parked ones left out, and an error."""
        row = self._connection.execute(_UNDELIVERED, [list(buckets)]).fetchone()
        return (int(row[0]), str(row[1])) if row else (0, "")

    def _read(self, query: str, wanted: Mapping[str, object]) -> list[Entry]:
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(query, wanted)
            return list(map(Entry._make, cursor.fetchall()))


def _within(entries: list[Entry], room_bytes: int) -> list[Entry]:
    for number, total in enumerate(accumulate(entry.size for entry in entries)):
        if total > room_bytes:
            return entries[: number or 1]
    return entries


def _is_large(entry: Entry) -> bool:
    return entry.size > SMALL_VALUE_BYTES + OVERHEAD_BYTES


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _array(numbers: Iterable[int]) -> str:
    # As text: psycopg looks at every element of a list, this costs a quarter of it.
    return "{" + ",".join(map(str, numbers)) + "}"

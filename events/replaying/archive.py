"""The archive: events whose records Kafka no longer has, made into records again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from events.event import Headers, Position
from events.kafka.record import Partition, Record
from events.publishing.entry import Entry
from events.publishing.records import headers_of, key_of
from events.sql import run

NAMED = 100  # events of one gap that are named in a report

# A position stands twice if its topic was made anew: the last one that was there counts.
_EVENTS = """
    SELECT DISTINCT ON (p."offset") p."offset", p.event_id, p.published_at
    FROM events_publication p
    WHERE p.topic = %(topic)s AND p.partition = %(partition)s
      AND p."offset" >= %(first)s AND p."offset" < %(before)s
    ORDER BY p."offset", p.id DESC
"""
_KNOWN = f"""
    SELECT (SELECT count(*) FROM ({_EVENTS}) every),
           ARRAY(SELECT event_id::text FROM ({_EVENTS} LIMIT %(named)s) named)
"""  # noqa: S608 - SQL of ours
# An erased value left its hash: such an event cannot be made into a record. The inner query bounds
# the rows, the outer one the bytes (values are read only then); the first one fits in any case.
_RECORDS = f"""
    SELECT p."offset", p.event_id, p.total <= %(room)s OR p.total = p.size, p.published_at,
           e.id::text, e.key, e.ce_id, e.type, e.source, e.subject, e.content_type, e.value,
           e.headers, e.traceparent, (e.occurred_at AT TIME ZONE 'UTC')::text
    FROM (
        SELECT q.*, sum(q.size) OVER (ORDER BY q."offset") AS total
        FROM (
            SELECT p.*, coalesce(octet_length(e.value), 0) AS size
            FROM ({_EVENTS} LIMIT %(most)s) p LEFT JOIN events_event e ON e.id = p.event_id
        ) q
    ) p
    LEFT JOIN events_event e
      ON e.id = p.event_id AND (e.value IS NOT NULL OR e.value_sha256 IS NULL)
     AND (p.total <= %(room)s OR p.total = p.size)
    ORDER BY p."offset"
"""  # noqa: S608 - SQL of ours


class Known(NamedTuple):
    """Which events were at the offsets of a gap, by the audit: how many, and the first of them."""

    number: int
    ids: Sequence[str]


class Written(NamedTuple):
    """An event that was written at a position; without a record if its value was erased."""

    position: Position
    event_id: UUID
    record: Record | None


class Page(NamedTuple):
    """Events in the order of their positions: all that were written before `looked_to`."""

    events: list[Written]
    looked_to: int


def known_events(where: Partition, first: int, before: int) -> Known:
    """Return which events were written at these offsets, by the audit."""
    found = run(_KNOWN, {**_range(where, first, before), "named": NAMED})
    return Known(*found[0])


def archived(where: Partition, first: int, before: int, *, most: int, most_bytes: int) -> Page:
    """Return the first events that were at these offsets, with their records as they were.

    At most `most`, and as many as have values of `most_bytes` together, but one in any case.

    A record has the position it had, the event's headers and bytes, and as its time that of its
    publication.
    """
    asked = {**_range(where, first, before), "most": most, "room": most_bytes}
    page: list[Written] = []
    for offset, event_id, fits, *facts in run(_RECORDS, asked):
        if not fits:
            return Page(page, offset)
        record = None if facts[1] is None else _record(where, offset, *facts)
        page.append(Written(Position(*where, offset), event_id, record))
    return Page(page, before if len(page) < most else page[-1].position.offset + 1)


def _record(where: Partition, offset: int, published_at: datetime, *facts: Any) -> Record:
    event_id, key, ce_id, type_name, source, subject, content_type, value, headers, *rest = facts
    traceparent, time = rest
    entry = Entry(
        sequence=0,
        topic=where[0],
        key=key,
        bucket=0,
        attempts=0,
        size=0,
        event_id=event_id,
        ce_id=ce_id,
        type=type_name,
        source=source,
        subject=subject,
        content_type=content_type,
        value=None if value is None else bytes(value),
        headers=msgspec.json.decode(headers),  # Django leaves it as text
        traceparent=traceparent,
        time=time,
    )
    at_ms = round(published_at.timestamp() * 1000)
    return Record(*where, offset, key_of(entry), entry.value, _headers(headers_of(entry)), at_ms)


def _headers(given: Iterable[tuple[str, str | bytes | None]]) -> Headers:
    return tuple(
        (name, value.encode() if isinstance(value, str) else value) for name, value in given
    )


def _range(where: Partition, first: int, before: int) -> dict[str, Any]:
    return {"topic": where[0], "partition": where[1], "first": first, "before": before}

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
# An erased value left its hash: such an event cannot be made into a record.
_RECORDS = f"""
    SELECT p."offset", p.event_id, p.published_at, e.id::text, e.key, e.ce_id, e.type, e.source,
           e.subject, e.content_type, e.value, e.headers, e.traceparent,
           (e.occurred_at AT TIME ZONE 'UTC')::text
    FROM ({_EVENTS} LIMIT %(most)s) p
    LEFT JOIN events_event e
      ON e.id = p.event_id AND (e.value IS NOT NULL OR e.value_sha256 IS NULL)
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


def known_events(where: Partition, first: int, before: int) -> Known:
    """Return which events were written at these offsets, by the audit."""
    found = run(_KNOWN, {**_range(where, first, before), "named": NAMED})
    return Known(*found[0])


def archived(where: Partition, first: int, before: int, *, most: int) -> list[Written]:
    """Return the first `most` events that were at these offsets, with their records as they were.

    A record has the position it had, the event's headers and bytes, and as its time that of its
    publication.
    """
    rows = run(_RECORDS, {**_range(where, first, before), "most": most})
    return [
        Written(
            Position(*where, offset),
            event_id,
            None if facts[1] is None else _record(where, offset, *facts),
        )
        for offset, event_id, *facts in rows
    ]


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

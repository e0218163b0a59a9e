"""Storing: one statement writes any number of events and their outbox entries."""

import hashlib
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

import msgspec
from django.db import transaction

from events.models import OutboxEntry
from events.models.identifiers import new_id_text
from events.publishing.accepted_event import AcceptedEvent
from events.publishing.buckets import bucket_of
from events.publishing.checking import Checked
from events.publishing.new_event import Publisher
from events.sql import run

_INSERT_EVENT = """
    INSERT INTO events_event
        (id, source, ce_id, topic, key, type, subject, content_type, value, value_sha256, headers,
         traceparent, occurred_at, accepted_at, published_by, request_id, idempotency_key)
"""
_INSERT_ENTRY = """
    INSERT INTO events_outboxentry
        (event_id, topic, key, bucket, cause, by, created_at, publish_after, attempts, last_error)
"""
# Everything travels as one JSON text and is written by one statement: far cheaper than an array
# for each column and a statement for each table. Events are sorted, so that two transactions with
# the same ids wait for each other instead of deadlocking; the sequence of their entries is drawn
# in the order of the list.
_STORE_MANY = f"""
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(given)s) AS t(
        place int, id uuid, source text, ce_id text, topic text, key text, type text,
        subject text, content_type text, value text, value_sha256 text, headers jsonb,
        traceparent text, occurred_at timestamptz, bucket smallint, publish_after timestamptz)
), accepted AS (
    {_INSERT_EVENT}
    SELECT id, source, ce_id, topic, key, type, subject, content_type,
           decode(value, 'base64'), decode(value_sha256, 'base64'), headers, traceparent,
           coalesce(occurred_at, statement_timestamp()), statement_timestamp(),
           %(published_by)s, %(request_id)s, %(idempotency_key)s
    FROM given
    ORDER BY source, ce_id, place
    ON CONFLICT (source, ce_id) DO NOTHING
    RETURNING id
), queued AS (
    {_INSERT_ENTRY}
    SELECT id, topic, key, bucket, %(cause)s, %(published_by)s, statement_timestamp(),
           publish_after, 0, ''
    FROM given
    WHERE id IN (SELECT id FROM accepted)
    ORDER BY place
)
SELECT statement_timestamp(),
       array(SELECT place FROM given WHERE id NOT IN (SELECT id FROM accepted))
"""  # noqa: S608 - constants of this file
# The same for one event, at two thirds of PostgreSQL's time: nothing to read, sort and join.
_STORE_ONE = f"""
WITH accepted AS (
    {_INSERT_EVENT}
    VALUES (%(id)s, %(source)s, %(ce_id)s, %(topic)s, %(key)s, %(type)s, %(subject)s,
            %(content_type)s, %(value)s, %(value_sha256)s, %(headers)s, %(traceparent)s,
            coalesce(%(occurred_at)s, statement_timestamp()), statement_timestamp(),
            %(published_by)s, %(request_id)s, %(idempotency_key)s)
    ON CONFLICT (source, ce_id) DO NOTHING
    RETURNING id, topic, key, accepted_at, published_by
), queued AS (
    {_INSERT_ENTRY}
    SELECT id, topic, key, %(bucket)s, %(cause)s, published_by, accepted_at,
           %(publish_after)s::timestamptz, 0, ''
    FROM accepted
)
SELECT statement_timestamp(), NOT EXISTS (SELECT FROM accepted)
"""  # noqa: S608 - constants of this file


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its outbox entry, as the statements take it; bytes become base64 in JSON."""

    place: int
    id: str
    source: str
    ce_id: str
    topic: str
    key: str | None
    type: str
    subject: str
    content_type: str
    value: bytes | None
    value_sha256: bytes | None
    headers: tuple[tuple[str, str], ...]
    traceparent: str
    occurred_at: datetime | None
    bucket: int
    publish_after: datetime | None


def stored(
    events: Sequence[Checked], *, by: Publisher, default_source: str
) -> list[AcceptedEvent | None]:
    """Store the events in their order; None stands for one whose source and id are taken.

    They are taken by an event in the table, or by an earlier one of these.
    """
    rows = [
        _row(place, event, default_source=default_source) for place, event in enumerate(events)
    ]
    accepted_at, taken = _store_one(rows[0], by=by) if len(rows) == 1 else _store_many(rows, by=by)
    return [
        None if row.place in taken else _accepted(row, accepted_at=accepted_at, by=by)
        for row in rows
    ]


def sha256_of(value: bytes | None) -> bytes | None:
    """Return the hash that is kept beside a value; None for a tombstone."""
    return None if value is None else hashlib.sha256(value).digest()


def all_or_none(events: Sequence[Checked]) -> AbstractContextManager[None]:
    """Return a transaction for `stored` where leaving it by an error must undo something.

    Our own ids are new, and one event is stored or not: only several with a caller's ids can be
    stored in part.
    """
    may_be_stored_in_part = len(events) > 1 and any(each.event.id for each in events)
    return transaction.atomic() if may_be_stored_in_part else nullcontext()


def _row(place: int, checked: Checked, *, default_source: str) -> _Row:
    new, value = checked
    name = new_id_text()
    return _Row(
        place=place,
        id=name,
        source=new.source or default_source,
        ce_id=new.id or name,
        topic=new.topic,
        key=new.key,
        type=new.type,
        subject=new.subject,
        content_type=new.content_type,
        value=value,
        value_sha256=sha256_of(value),
        headers=new.headers,
        traceparent=new.traceparent,
        occurred_at=_in_utc(new.occurred_at),
        bucket=bucket_of(new.topic, new.key, event_id=name),
        publish_after=_in_utc(new.publish_after),
    )


def _in_utc(moment: datetime | None) -> datetime | None:
    # PostgreSQL knows no offsets of 16 hours and more, RFC 3339 does.
    return None if moment is None else moment.astimezone(UTC)


def _store_many(rows: Sequence[_Row], *, by: Publisher) -> tuple[datetime, Collection[int]]:
    given = msgspec.json.encode(rows).decode()
    [(accepted_at, taken)] = run(_STORE_MANY, {"given": given, **_publisher(by)})
    return accepted_at, frozenset(taken)


def _store_one(row: _Row, *, by: Publisher) -> tuple[datetime, Collection[int]]:
    given = msgspec.structs.asdict(row) | {
        "headers": msgspec.json.encode(row.headers).decode(),
    }
    [(accepted_at, is_taken)] = run(_STORE_ONE, {**given, **_publisher(by)})
    return accepted_at, (row.place,) if is_taken else ()


def _publisher(by: Publisher) -> dict[str, str]:
    return {
        "cause": OutboxEntry.Cause.FIRST.value,
        "published_by": by.name,
        "request_id": by.request_id,
        "idempotency_key": by.idempotency_key,
    }


def _accepted(row: _Row, *, accepted_at: datetime, by: Publisher) -> AcceptedEvent:
    return AcceptedEvent(
        name=row.id,
        source=row.source,
        ce_id=row.ce_id,
        topic=row.topic,
        key=row.key,
        type=row.type,
        subject=row.subject,
        content_type=row.content_type,
        value=row.value,
        value_sha256=row.value_sha256,
        headers=row.headers,
        traceparent=row.traceparent,
        occurred_at=row.occurred_at or accepted_at,
        accepted_at=accepted_at,
        published_by=by.name,
        request_id=by.request_id,
        idempotency_key=by.idempotency_key,
    )

"""Storing: one statement writes any number of events and their outbox entries."""

import hashlib
from binascii import b2a_base64
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from uuid import UUID

import orjson
from django.db import connection, transaction

from events.errors import EventIdReused
from events.models import Event, OutboxEntry
from events.models.identifiers import new_id
from events.publishing.buckets import bucket_of
from events.publishing.new_event import NewEvent, Publisher

# Everything travels as one JSON text and is written by one statement: far cheaper than an array
# for each column and a statement for each table. Events are sorted, so that two transactions with
# the same ids wait for each other instead of deadlocking; the sequence of their entries is drawn
# in the order of the list.
_STORE = """
WITH given AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s) AS t(
        place int, id uuid, source text, ce_id text, topic text, key text, type text,
        subject text, content_type text, value text, value_sha256 text, headers jsonb,
        traceparent text, occurred_at timestamptz, bucket smallint, publish_after timestamptz)
), accepted AS (
    INSERT INTO events_event
        (id, source, ce_id, topic, key, type, subject, content_type, value, value_sha256, headers,
         traceparent, occurred_at, accepted_at, published_by, request_id, idempotency_key)
    SELECT id, source, ce_id, topic, key, type, subject, content_type,
           decode(value, 'base64'), decode(value_sha256, 'hex'), headers, traceparent,
           coalesce(occurred_at, statement_timestamp()), statement_timestamp(), %s, %s, %s
    FROM given
    ORDER BY source, ce_id
    ON CONFLICT (source, ce_id) DO NOTHING
    RETURNING id, accepted_at
), queued AS (
    INSERT INTO events_outboxentry
        (event_id, topic, key, bucket, cause, by, created_at, publish_after, attempts, last_error)
    SELECT id, topic, key, bucket, %s, %s, statement_timestamp(), publish_after, 0, ''
    FROM given
    WHERE id IN (SELECT id FROM accepted)
    ORDER BY place
)
SELECT id, accepted_at FROM accepted
"""


def stored(
    new_events: Sequence[tuple[NewEvent, bytes | None]], *, by: Publisher, default_source: str
) -> list[Event]:
    """Store checked events with their values, all or none, and return them in the same order.

    Raises EventIdReused, leaving the transaction usable.
    """
    events = [
        _event(new, value=value, by=by, default_source=default_source) for new, value in new_events
    ]
    wanted = [new for new, _ in new_events]
    with _all_or_none(wanted):
        _store(events, wanted, by=by)
    return events


def _all_or_none(new_events: Sequence[NewEvent]) -> AbstractContextManager[None]:
    # Our own ids are new and one event is stored or not: only several with a caller's ids can be
    # stored in part, and need a savepoint.
    may_be_stored_in_part = len(new_events) > 1 and any(new.id for new in new_events)
    return transaction.atomic() if may_be_stored_in_part else nullcontext()


def _event(new: NewEvent, *, value: bytes | None, by: Publisher, default_source: str) -> Event:
    own_id = new_id()
    return Event(
        id=own_id,
        source=new.source or default_source,
        ce_id=new.id or str(own_id),
        topic=new.topic,
        key=new.key,
        type=new.type,
        subject=new.subject,
        content_type=new.content_type,
        value=value,
        value_sha256=None if value is None else hashlib.sha256(value).digest(),
        headers=[list(pair) for pair in new.headers],
        traceparent=new.traceparent,
        published_by=by.name,
        request_id=by.request_id,
        idempotency_key=by.idempotency_key,
    )


def _store(events: list[Event], wanted: list[NewEvent], *, by: Publisher) -> None:
    rows = orjson.dumps(list(map(_row, range(len(events)), events, wanted))).decode()
    publisher = [by.name, by.request_id, by.idempotency_key]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [rows, *publisher, OutboxEntry.Cause.FIRST.value, by.name])
        accepted_at: dict[UUID, datetime] = dict(cursor.fetchall())
    reused = [(event.source, event.ce_id) for event in events if event.pk not in accepted_at]
    if reused:
        raise EventIdReused(reused)
    for event, new in zip(events, wanted, strict=True):
        event.accepted_at = accepted_at[event.pk]
        event.occurred_at = new.occurred_at or event.accepted_at
        event._state.adding = False
        event._state.db = connection.alias


def _row(place: int, event: Event, new: NewEvent) -> dict[str, object]:
    value, digest = event.value, event.value_sha256
    return {
        "place": place,
        "id": event.pk,
        "source": event.source,
        "ce_id": event.ce_id,
        "topic": event.topic,
        "key": event.key,
        "type": event.type,
        "subject": event.subject,
        "content_type": event.content_type,
        "value": None if value is None else b2a_base64(value, newline=False).decode(),
        "value_sha256": None if digest is None else digest.hex(),
        "headers": event.headers,
        "traceparent": event.traceparent,
        "occurred_at": new.occurred_at,
        "bucket": bucket_of(event.topic, event.key, event_id=str(event.pk)),
        "publish_after": new.publish_after,
    }

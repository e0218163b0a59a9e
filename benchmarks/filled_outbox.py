"""An outbox with something in it: events and their entries, by COPY, as publish() stores them."""

import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from uuid_utils.compat import uuid7

from events.publishing.buckets import bucket_of
from events.publishing.wakeup import CHANNEL

TOPIC = "bench_effect_eu_web"
TYPE = "bench.requested"
KEYS = 1_000
VALUE_BYTES = 400

_EVENTS = """
COPY events_event (id, source, ce_id, topic, key, type, subject, content_type, value,
    value_sha256, headers, traceparent, occurred_at, accepted_at, published_by, request_id,
    idempotency_key) FROM STDIN
"""
_ENTRIES = """
COPY events_outboxentry (event_id, topic, key, bucket, cause, by, created_at, attempts,
    last_error) FROM STDIN
"""


_CLEAN = "VACUUM ANALYZE events_outboxentry, events_event, events_publication"


def value_of(number: int, *, size: int = VALUE_BYTES) -> bytes:
    """Return the JSON of one event, `size` bytes long, compressible to about half."""
    rest = json.dumps({"n": str(number), "pad": ""}, separators=(",", ":"))
    pad = random.Random(number).randbytes(size).hex()[: size - len(rest)]  # noqa: S311 - filler
    return rest.replace('"pad":"', f'"pad":"{pad}').encode()


def key_of(number: int) -> str:
    """Return one of the thousand keys."""
    return f"key-{number % KEYS}"


def fill(database_url: str, *, entries: int, size: int = VALUE_BYTES, calls: bool = False) -> None:
    """Store so many events with their entries, in one transaction.

    Then either call the relays at once, or clean and analyse the tables for those to come.
    """
    ids = [uuid7() for _ in range(entries)]
    with psycopg.connect(database_url, autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(_EVENTS) as copy:
                for row in _event_rows(ids, size=size):
                    copy.write_row(row)
            with cursor.copy(_ENTRIES) as copy:
                for row in _entry_rows(ids):
                    copy.write_row(row)
        connection.execute(f"NOTIFY {CHANNEL}" if calls else _CLEAN)


def _event_rows(ids: list[UUID], *, size: int) -> Iterator[tuple[object, ...]]:
    now = datetime.now(UTC)
    for number, event_id in enumerate(ids):
        value = value_of(number, size=size)
        digest = hashlib.sha256(value).digest()
        yield (
            *(event_id, "/waybill", str(event_id), TOPIC, key_of(number), TYPE, ""),
            *("application/json", value, digest, "[]", "", now, now, "bench", "", ""),
        )


def _entry_rows(ids: list[UUID]) -> Iterator[tuple[object, ...]]:
    now = datetime.now(UTC)
    for number, event_id in enumerate(ids):
        key = key_of(number)
        bucket = bucket_of(TOPIC, key, event_id=str(event_id))
        yield (event_id, TOPIC, key, bucket, "first", "bench", now, 0, "")

"""The first day of the large data on Kafka: the records at the positions that the tables tell."""

from datetime import datetime, timedelta
from typing import NamedTuple

import psycopg
from confluent_kafka import Producer

from benchmarks.large.shapes import SOURCE
from local.errors import ServiceFailed

DAY = timedelta(days=1)
_FIRST = "SELECT min(published_at) FROM (SELECT published_at FROM events_publication LIMIT 1000) p"
_RECORDS = """
SELECT p.topic, p.partition, e.key, e.value, e.id::text, e.type,
       (extract(epoch FROM p.published_at) * 1000)::bigint
FROM events_publication p JOIN events_event e ON e.id = p.event_id
WHERE p.id <= (SELECT id FROM events_publication WHERE published_at >= %(end)s ORDER BY id LIMIT 1)
  AND p.published_at < %(end)s
ORDER BY p.topic, p.partition, p."offset"
"""


def first_moment(connection: psycopg.Connection) -> datetime:
    """Return when the first event was published."""
    row = connection.execute(_FIRST).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    moment: datetime = row[0]
    return moment


def produce_day(database_url: str, *, bootstrap_servers: str) -> int:
    """Produce the first day's records to its topics, which exist and are empty; returns how many.

    Raises ServiceFailed if some were not delivered: their positions would be wrong.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "enable.idempotence": True,  # in this very order
            "linger.ms": 5,
            "compression.type": "zstd",
        }
    )
    produced = 0
    with psycopg.connect(database_url) as connection, connection.cursor("day") as cursor:
        cursor.itersize = 10_000
        cursor.execute(_RECORDS, {"end": first_moment(connection) + DAY})
        for row in cursor:
            record = _Record(*row)
            while not _produced(producer, record):
                producer.poll(0.1)
            produced += 1
    if left := producer.flush(120):
        raise ServiceFailed(f"{left} records were not delivered")
    return produced


class _Record(NamedTuple):
    topic: str
    partition: int
    key: str
    value: bytes
    event_id: str
    type: str
    at_ms: int


def _produced(producer: Producer, record: _Record) -> bool:
    headers = {
        "content-type": "application/json",
        "ce_id": record.event_id,
        "ce_type": record.type,
        "ce_source": SOURCE,
        "ce_specversion": "1.0",
        "ce_time": "2026-01-31T12:00:00.000000Z",
        "ce_waybillid": record.event_id,
    }
    try:
        producer.produce(
            record.topic,
            partition=record.partition,
            key=record.key,
            value=record.value,
            timestamp=record.at_ms,
            headers=[(name, each.encode()) for name, each in headers.items()],
        )
    except BufferError:
        return False
    producer.poll(0)
    return True

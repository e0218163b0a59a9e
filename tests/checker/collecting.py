"""Collecting: reads a history from the services, by ways the product does not use."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from sys import intern
from typing import Any

import psycopg
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from tests.checker import durable_lines
from tests.checker.history import (
    Accepted,
    Attempt,
    Consumption,
    DeadLetter,
    Effect,
    EventName,
    Handled,
    Publication,
    SentInvoice,
    Written,
)
from tests.checker.sharing import name_of, place_of, shared

Connection = psycopg.Connection[tuple[Any, ...]]


def accepted_by(journal: Path) -> tuple[Accepted, ...]:
    """Read a client's log."""
    return tuple(
        Accepted(
            name=name_of(line["source"], line["id"]),
            topic=intern(line["topic"]),
            key=shared(line["key"]),
            value_sha256=shared(line["value_sha256"]),
        )
        for line in durable_lines.each(journal)
    )


def handled(trace: Path) -> tuple[Handled, ...]:
    """Read the trace of the tests' handler."""
    return tuple(
        Handled(
            group=intern(line["group"]),
            name=name_of(line["source"], line["id"]),
            key=shared(line["key"]),
            place=place_of(*line["place"]),
            attempt=line["attempt"],
            pid=line["pid"],
        )
        for line in durable_lines.each(trace)
    )


def written(topic: str, *, kafka: str, timeout_s: float = 15.0) -> tuple[Written, ...]:
    """Dump a topic from its first record to its end as it is now."""
    consumer = Consumer(
        {"bootstrap.servers": kafka, "group.id": "history", "enable.auto.commit": False}
    )
    try:
        ends = end_offsets(consumer, topic, timeout_s=timeout_s)
        consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in ends])
        found: list[Written] = []
        while any(ends.values()):
            message = consumer.poll(timeout_s)
            if message is None or (error := message.error()):
                raise KafkaException(error if message else "the dump of a topic got stuck")
            found.append(_record(message))
            place = found[-1].place
            if place.offset + 1 >= ends[place.partition]:
                ends[place.partition] = 0
        return tuple(sorted(found, key=lambda each: each.place))
    finally:
        consumer.close()


def end_offsets(consumer: Consumer, topic: str, *, timeout_s: float) -> dict[int, int]:
    """Return the offset after the last record of each partition."""
    partitions = consumer.list_topics(topic, timeout=timeout_s).topics[topic].partitions
    return {
        each: consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=timeout_s)[1]
        for each in partitions
    }


def lag(group: str, topics: Sequence[str], *, kafka: str, timeout_s: float = 5.0) -> int:
    """Return how many records the group has not committed, without joining it."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": group, "log_level": 2})
    try:
        total = 0
        for topic in topics:
            ends = end_offsets(consumer, topic, timeout_s=timeout_s)
            asked = [TopicPartition(topic, partition) for partition in ends]
            for each in consumer.committed(asked, timeout=timeout_s):
                total += ends[each.partition] - max(each.offset, 0)
        return total
    finally:
        consumer.close()


def publications(database: Connection) -> tuple[Publication, ...]:
    """Read the publications with the stored bytes of their events."""
    rows = database.execute(
        """
        SELECT e.source, e.ce_id, p.topic, p.partition, p."offset", encode(sha256(e.value), 'hex')
        FROM events_publication p JOIN events_event e ON e.id = p.event_id ORDER BY p.id
        """
    )
    return tuple(
        Publication(name=name_of(*row[:2]), place=place_of(*row[2:5]), value_sha256=shared(row[5]))
        for row in rows
    )


def parked(database: Connection) -> frozenset[EventName]:
    """Read which events are parked."""
    rows = database.execute(
        """
        SELECT e.source, e.ce_id FROM events_outboxentry o JOIN events_event e ON e.id = o.event_id
        WHERE o.parked_at IS NOT NULL
        """
    )
    return frozenset(name_of(*row) for row in rows)


def backlog(database: Connection) -> int:
    """Read how many entries still wait for the relay."""
    row = database.execute(
        "SELECT count(*) FROM events_outboxentry WHERE parked_at IS NULL"
    ).fetchone()
    assert row is not None
    return int(row[0])


def consumptions(database: Connection) -> tuple[Consumption, ...]:
    """Read the ledger."""
    rows = database.execute(
        """
        SELECT "group", dedupe_key, outcome, unknown_count, source, ce_id, topic, partition,
               "offset"
        FROM events_consumption ORDER BY id
        """
    )
    return tuple(
        Consumption(
            group=intern(row[0]),
            dedupe_key=row[1],
            outcome=intern(row[2]),
            unknown_count=row[3],
            name=name_of(*row[4:6]),
            place=place_of(*row[6:9]),
        )
        for row in rows
    )


def attempts(database: Connection) -> tuple[Attempt, ...]:
    """Read the attempts."""
    rows = database.execute(
        """
        SELECT "group", result, host, error, source, ce_id, topic, partition, "offset"
        FROM events_attempt ORDER BY id
        """
    )
    return tuple(
        Attempt(
            group=intern(row[0]),
            result=row[1],
            host=row[2],
            error=row[3],
            name=name_of(*row[4:6]),
            place=place_of(*row[6:9]),
        )
        for row in rows
    )


def dead_letters(database: Connection) -> tuple[DeadLetter, ...]:
    """Read the dead letters."""
    rows = database.execute(
        """
        SELECT "group", encode(sha256(value), 'hex'), error, topic, partition, "offset"
        FROM events_deadletter ORDER BY created_at
        """
    )
    return tuple(
        DeadLetter(
            group=intern(row[0]), value_sha256=row[1], reason=row[2], place=place_of(*row[3:6])
        )
        for row in rows
    )


def effects(database: Connection) -> tuple[Effect, ...]:
    """Read what the tests' handler wrote."""
    rows = database.execute(
        """
        SELECT "group", key, source, ce_id, topic, partition, "offset" FROM failpoints_effect
        ORDER BY id
        """
    )
    return tuple(
        Effect(
            group=intern(row[0]),
            key=shared(row[1]),
            name=name_of(*row[2:4]),
            place=place_of(*row[4:7]),
        )
        for row in rows
    )


def sent_invoices(database: Connection) -> tuple[SentInvoice, ...]:
    """Read which invoices are called sent."""
    rows = database.execute(
        """
        SELECT o.order_id, i.message_id FROM invoices_invoice i
        JOIN invoices_order o ON o.id = i.order_id WHERE i.sent_at IS NOT NULL
        """
    )
    return tuple(SentInvoice(order_id=row[0], message_id=row[1]) for row in rows)


def _record(message: Message) -> Written:
    headers = dict(message.headers() or [])
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    place = place_of(topic, partition or 0, offset or 0)
    source = headers.get("ce_source") or f"kafka:{place.topic}"
    own_id = headers.get("ce_id") or f"{place.partition}:{place.offset}"
    name = name_of(_text(source), _text(own_id))
    return Written(
        place=place, name=name, key=_bytes(message.key()), value_sha256=_sha256(message.value())
    )


def _sha256(value: Any) -> str | None:
    raw = _bytes(value)
    return None if raw is None else shared(hashlib.sha256(raw).hexdigest())


def _bytes(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

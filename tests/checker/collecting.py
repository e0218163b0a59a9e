"""Collecting: reads a history from files and tables, by ways the product does not use."""

from pathlib import Path
from sys import intern
from typing import Any

import psycopg

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
            clock=line["clock"],
        )
        for line in durable_lines.each(trace)
    )


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
        SELECT "group", encode(sha256(value), 'hex'), error, topic, partition, "offset", key,
               state, exception = ''
        FROM events_deadletter ORDER BY created_at
        """
    )
    return tuple(
        DeadLetter(
            group=intern(row[0]),
            value_sha256=row[1],
            reason=row[2],
            place=place_of(*row[3:6]),
            key=row[6],
            state=intern(row[7]),
            is_follower=row[8],
        )
        for row in rows
    )


def closed_keys(database: Connection) -> frozenset[tuple[str, str, bytes | None]]:
    """Read which keys are closed: group, topic, key."""
    rows = database.execute('SELECT "group", topic, key FROM events_closedkey')
    return frozenset((group, topic, key) for group, topic, key in rows)


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

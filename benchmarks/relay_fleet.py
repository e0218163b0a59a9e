"""Relay processes as they run in production, started and timed by a benchmark."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks.filled_outbox import fill
from benchmarks.stage import process
from local.demo.stage import Stage

# Every relay holds its share, and nobody else is there.
_SHARED = """
SELECT count(*) = %(relays)s AND coalesce(sum(jsonb_array_length(assignment)), 0) = 64
FROM events_heartbeat WHERE role = 'relay'
  AND jsonb_array_length(assignment) = 64 / %(relays)s
"""
PATIENCE_S = 120.0
LOOK_EVERY_S = 0.01


@contextmanager
def relays(stage: Stage, *, number: int) -> Iterator[None]:
    """Run so many relays, sharing the buckets, for as long as the context is open."""
    running = [process(stage, f"relay-{n}", "manage.py", "runrelay") for n in range(number)]
    for each in running:
        each.start()
    try:
        with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as connection:
            _until(connection, _SHARED, {"relays": number})
        yield
    finally:
        for each in running:
            each.stop()


def drained_per_second(database_url: str, *, entries: int) -> float:
    """Store so many entries in one transaction; returns how many a second the relays moved."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        fill(database_url, entries=entries, calls=True)
        began = time.perf_counter()
        _until(connection, "SELECT NOT EXISTS (SELECT FROM events_outboxentry)", {})
        return entries / (time.perf_counter() - began)


def _until(connection: psycopg.Connection, query: str, parameters: dict[str, int]) -> None:
    clock, deadline = threading.Event(), time.monotonic() + PATIENCE_S
    while not connection.execute(query, parameters).fetchone()[0]:  # type: ignore[index] # one row
        if time.monotonic() > deadline:
            raise TimeoutError(f"still not so after {PATIENCE_S:g} s: {query}")
        clock.wait(LOOK_EVERY_S)

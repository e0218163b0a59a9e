"""What does a transaction that stays open cost a relay under load?

`python -m benchmarks.open_transaction [--seconds 120]` lets one relay move 20,000 entries of 400
bytes after the other: before, while one session keeps a transaction open, and after it. Nothing
that was deleted meanwhile can be cleaned away. Twice: once the transaction only reads (a report, a
dump, a forgotten prompt), once it has published something itself.
"""

import argparse
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from benchmarks.figure import Figure, against
from benchmarks.relay_fleet import drained_per_second, relays
from benchmarks.stage import run_alone
from local.demo.stage import Stage

ENTRIES = 20_000
ROUNDS = 5  # before and after
SECONDS = 120.0

_READS = "SELECT count(*) FROM events_heartbeat"
_PUBLISHES = """
INSERT INTO events_outboxentry
    (event_id, topic, key, bucket, cause, by, created_at, attempts, last_error)
VALUES (%s, 'bench_open_eu_web', NULL, 0, 'first', 'bench', now(), 0, '')
"""
_SIZE = "SELECT pg_total_relation_size('events_outboxentry') / 1e6"
_DEAD = """
SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'events_outboxentry'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """Events a second: before, in the last quarter of the open transaction, after it."""

    before: float
    late: float
    after: float
    dead: float
    size_mb: float


def measure_for(seconds: float) -> Callable[[Stage], list[Figure]]:
    """Return the program for a transaction of so many seconds."""

    def measure(stage: Stage) -> list[Figure]:
        with relays(stage, number=1):
            reading = _rates(stage, statement=_READS, arguments=[], seconds=seconds)
            writing = _rates(
                stage, statement=_PUBLISHES, arguments=[uuid.uuid4()], seconds=seconds
            )
        return [
            *_figures(f"a transaction reads, open {seconds:g} s", reading),
            *_figures(f"a transaction published, open {seconds:g} s", writing),
        ]

    return measure


def _rates(stage: Stage, *, statement: str, arguments: list[object], seconds: float) -> Rates:
    url = stage.environment["DATABASE_URL"]
    before = [drained_per_second(url, entries=ENTRIES) for _ in range(ROUNDS)]
    during: list[float] = []
    with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute(statement, arguments)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            during.append(drained_per_second(url, entries=ENTRIES))
        dead, size_mb = _number(watcher, _DEAD), _number(watcher, _SIZE)
        holder.rollback()
    after = [drained_per_second(url, entries=ENTRIES) for _ in range(ROUNDS)]
    return Rates(
        before=statistics.median(before),
        late=statistics.median(during[-max(1, len(during) // 4) :]),
        after=statistics.median(after),
        dead=dead,
        size_mb=size_mb,
    )


def _number(connection: psycopg.Connection, query: str) -> float:
    row = connection.execute(query).fetchone()
    return float(row[0]) if row else 0.0


def _figures(question: str, rates: Rates) -> list[Figure]:
    return [
        against(
            f"{question}: its last quarter",
            ours=rates.late,
            unit="events/s",
            peer=rates.before,
            peer_name="before it",
        ),
        against(
            f"{question}: after it",
            ours=rates.after,
            unit="events/s",
            peer=rates.before,
            peer_name="before it",
        ),
        Figure(question=f"{question}: dead entries at its end", ours=rates.dead, unit="rows"),
        Figure(question=f"{question}: outbox at its end", ours=rates.size_mb, unit="MB"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long it stays open")
    run_alone(measure_for(parser.parse_args(sys.argv[1:]).seconds))

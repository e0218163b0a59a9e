"""What lies beside the events: samples, replays, seeks and gaps."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.large.facts import Plan
from benchmarks.large.shapes import BILLING, REPORTS, TOPICS

SAMPLES_A_MINUTE = ("backlog", "published", "consumed", "dead_letters")
REPLAYS, SEEKS, GAPS = 2_000, 500, 200
_STATES = ("done", "done", "done", "stopped", "failed")

_SAMPLE = "minute, name, labels, value"
_REPLAY = (
    'id, "group", topics, range, bounds, "only", mode, from_archive, plan, state, by, reason,'
    " counters, positions, report, requested_at, started_at, finished_at, host"
)
_SEEK = (
    'id, "group", topic, partition, from_offset, to_offset, state, by, reason, requested_at,'
    " done_at, done_by"
)
_GAP = '"group", topic, partition, cause, policy, from_offset, to_offset, missed, host, pid, at'


def store_beside(connection: psycopg.Connection, plan: Plan) -> None:
    """Store them, at most one for every two events of each kind."""
    rng = random.Random(plan.seed + 2)  # noqa: S311 - the same again for one seed
    most = plan.events // 2
    _copy(connection, "events_sample", _SAMPLE, _samples(plan, rng, most))
    _copy(connection, "events_replay", _REPLAY, _replays(plan, rng, min(REPLAYS, most)))
    _copy(connection, "events_seek", _SEEK, _seeks(plan, rng, min(SEEKS, most)))
    _copy(connection, "events_gap", _GAP, _gaps(plan, rng, min(GAPS, most)))


def _copy(
    connection: psycopg.Connection, table: str, columns: str, rows: Iterator[Sequence[object]]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN")
    with connection.cursor() as cursor:
        filled = statement.format(sql.Identifier(table), sql.SQL(columns))
        with cursor.copy(filled) as copy:
            for row in rows:
                copy.write_row(row)


def _samples(plan: Plan, rng: random.Random, most: int) -> Iterator[Sequence[object]]:
    minutes = min(int(plan.days * 1_440), most // len(SAMPLES_A_MINUTE))
    newest = plan.until.replace(second=0, microsecond=0)
    for minute in range(minutes):
        for name in SAMPLES_A_MINUTE:
            yield newest - timedelta(minutes=minute), name, "", rng.random() * 100


def _replays(plan: Plan, rng: random.Random, number: int) -> Iterator[Sequence[object]]:
    for each in range(number):
        asked = plan.start + (plan.until - plan.start) * each / number
        topic = rng.choice(TOPICS).name
        entry = {"topic": topic, "partition": 0, "from": 0, "to": 5, "first": 0, "end": 5}
        yield (
            *(_id(rng), BILLING, json.dumps([topic]), "all", "{}", "{}", "missing", False),
            *(json.dumps([{**entry, "committed": 5}]), rng.choice(_STATES), "ada", "as asked"),
            *(json.dumps({"done": 5}), json.dumps({f"{topic}:0": 5}), "{}"),
            *(asked, asked, asked + timedelta(minutes=1), "app-1"),
        )


def _seeks(plan: Plan, rng: random.Random, number: int) -> Iterator[Sequence[object]]:
    for each in range(number):
        asked = plan.start + (plan.until - plan.start) * each / number
        where = (REPORTS, rng.choice(TOPICS).name, rng.randrange(3), 100 + each, each)
        yield _id(rng), *where, "done", "ada", "as asked", asked, asked, "app-2"


def _gaps(plan: Plan, rng: random.Random, number: int) -> Iterator[Sequence[object]]:
    for each in range(number):
        seen = plan.start + (plan.until - plan.start) * each / number
        where = (REPORTS, rng.choice(TOPICS).name, rng.randrange(3), "retention", "earliest")
        yield *where, each, each + 10, 10, "app-2", 52, seen


def _id(rng: random.Random) -> UUID:
    return UUID(int=rng.getrandbits(128), version=4)

"""Fills an empty database with the rows of a plan, by COPY, and says how fast."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice

import psycopg
from psycopg import sql

from benchmarks.large.beside import store_beside
from benchmarks.large.facts import Fact, Plan, facts
from benchmarks.large.rows import (
    CONSUMPTION_COLUMNS,
    EVENT_COLUMNS,
    PUBLICATION_COLUMNS,
    consumption_rows,
    digest,
    event_row,
    publication_rows,
)
from benchmarks.large.special_rows import COLUMNS, Specials
from benchmarks.large.tables import Size, clean, sizes, without_indexes

AT_ONCE = 2_000  # events whose rows are handed over together
_COLUMNS = {
    "events_event": EVENT_COLUMNS,
    "events_publication": PUBLICATION_COLUMNS,
    "events_consumption": CONSUMPTION_COLUMNS,
    **COLUMNS,
}
_NUMBERED = ("events_publication", "events_consumption")
_SEQUENCE = "SELECT setval(pg_get_serial_sequence(%s, 'id'), max(id)) FROM {}"
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """How many rows were stored, in what time, and how large it all is."""

    rows: int
    copy_s: float
    index_s: float
    clean_s: float
    sizes: list[Size]


def fill(database_url: str, plan: Plan, *, say: Say) -> Filled:
    """Fill the tables of Waybill, which exist and are empty, as the migrations left them.

    Raises ValueError if there are events already.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        if connection.execute("SELECT EXISTS (SELECT FROM events_event)").fetchone() == (True,):
            raise ValueError("there are events already: only an empty database is filled")
        began = time.perf_counter()
        with without_indexes(database_url):
            with _copies(database_url) as copies:
                rows = _copy(plan, copies, say=say)
            copied = time.perf_counter()
            say(f"{rows:,} rows by COPY: {rows / (copied - began):,.0f} a second")
        store_beside(connection, plan)
        for table in _NUMBERED:
            connection.execute(sql.SQL(_SEQUENCE).format(sql.Identifier(table)), [table])
        indexed = time.perf_counter()
        say(f"Indexes in {indexed - copied:,.0f} s")
        clean(connection)
        return Filled(
            rows=rows,
            copy_s=copied - began,
            index_s=indexed - copied,
            clean_s=time.perf_counter() - indexed,
            sizes=sizes(connection),
        )


@contextmanager
def _copies(database_url: str) -> Iterator[dict[str, psycopg.Copy]]:
    """Open a COPY into each table, each on a connection, and so on a process, of its own."""
    with ExitStack() as stack:
        copies = {}
        for table, columns in _COLUMNS.items():
            connection = stack.enter_context(psycopg.connect(database_url))
            cursor = stack.enter_context(connection.cursor())
            statement = f"COPY {table} ({columns}) FROM STDIN"
            if table in ("events_event", *_NUMBERED):
                # In the transaction that empties the table rows need no later cleaning.
                cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
                statement += " WITH (FREEZE)"
            copies[table] = stack.enter_context(cursor.copy(statement.encode()))
        yield copies


def _copy(plan: Plan, copies: dict[str, psycopg.Copy], *, say: Say) -> int:
    specials = Specials(plan.seed)
    ids = {"events_publication": 1, "events_consumption": 1}
    rows, told = 0, time.perf_counter()
    found = facts(plan)
    while chunk := list(islice(found, AT_ONCE)):
        for table, lines in _lines(chunk, specials, ids=ids).items():
            copies[table].write("".join(lines))
            rows += len(lines)
        if time.perf_counter() - told > 10:  # noqa: PLR2004 - seconds
            told = time.perf_counter()
            say(f"{chunk[-1].number + 1:,} of {plan.events:,} events")
    return rows


def _lines(chunk: list[Fact], specials: Specials, *, ids: dict[str, int]) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {table: [] for table in _COLUMNS}
    events, published, ledger = (lines[table] for table in ("events_event", *_NUMBERED))
    publication, consumption = (ids[table] for table in _NUMBERED)
    before = publication - len(published), consumption - len(ledger)
    for fact in chunk:
        sha256 = digest(fact)
        events.append(event_row(fact, sha256))
        published.extend(publication_rows(fact, first_id=before[0] + len(published)))
        ledger.extend(consumption_rows(fact, sha256, first_id=before[1] + len(ledger)))
        if fact.fate:
            for table, line in specials.of(fact):
                lines[table].append(line)
    ids.update(events_publication=before[0] + len(published))
    ids.update(events_consumption=before[1] + len(ledger))
    return lines

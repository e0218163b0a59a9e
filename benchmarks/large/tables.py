"""Tables as they are filled: indexes set aside and made again as they were; sizes."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

import psycopg
from psycopg import sql

LARGE = ("events_event", "events_publication", "events_consumption")
BUILDERS = 2  # connections that make indexes side by side
_SESSION = "SET maintenance_work_mem = '1GB'; SET statement_timeout = 0; SET lock_timeout = 0"

_INDEXES = """
SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid),
       c.conname, c.contype::text, pg_get_constraintdef(c.oid)
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
WHERE i.indrelid = ANY(%s::regclass[]) ORDER BY i.indrelid DESC, i.indexrelid
"""
_KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE"}
_SIZES = """
SELECT c.relname, c.reltuples::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid)
FROM pg_class c
WHERE c.relkind = 'r' AND c.relname LIKE 'events\\_%' AND c.reltuples > 0
ORDER BY pg_total_relation_size(c.oid) DESC
"""


class Index(NamedTuple):
    """An index as PostgreSQL writes it down, and the constraint that it serves, if it does."""

    name: str
    table: str
    definition: str
    constraint: str | None
    kind: str | None
    constraint_definition: str | None


class Size(NamedTuple):
    """A table: its rows, about, and the bytes of rows and of indexes."""

    table: str
    rows: int
    row_bytes: int
    index_bytes: int


def indexes(connection: psycopg.Connection, tables: Sequence[str] = LARGE) -> list[Index]:
    """Return the indexes of the tables."""
    rows = connection.execute(_INDEXES, [list(tables)]).fetchall()
    return [Index(*row) for row in rows]


@contextmanager
def without_indexes(database_url: str) -> Iterator[None]:
    """Set the indexes of the large tables aside; they are made again however the block ends.

    Raises RuntimeError if afterwards they are not the same to the letter.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        before = indexes(connection)
        for index in before:
            connection.execute(_dropped(index))
        try:
            yield
        finally:
            with ThreadPoolExecutor(BUILDERS) as pool:
                list(pool.map(lambda index: _build(database_url, index), _largest_first(before)))
            for index in before:
                if index.constraint is not None:
                    connection.execute(_constrained(index))
        if sorted(indexes(connection)) != sorted(before):
            raise RuntimeError("the indexes are not what they were")


def clean(connection: psycopg.Connection) -> None:
    """Vacuum and analyse all, outside a transaction."""
    connection.execute("SET maintenance_work_mem = '1GB'")
    connection.execute("VACUUM (ANALYZE)")


def sizes(connection: psycopg.Connection) -> list[Size]:
    """Return the tables that hold something, the largest first; after `clean()`."""
    return [Size(*row) for row in connection.execute(_SIZES).fetchall()]


def _largest_first(found: Sequence[Index]) -> list[Index]:
    return sorted(found, key=lambda index: index.table != "events_consumption")


def _build(database_url: str, index: Index) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_SESSION)
        connection.execute(index.definition.encode())


def _dropped(index: Index) -> sql.Composed:
    if index.constraint is None:
        return sql.SQL("DROP INDEX {}").format(sql.Identifier(index.name))
    return sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
        sql.Identifier(index.table), sql.Identifier(index.constraint)
    )


def _constrained(index: Index) -> sql.Composed:
    return sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {} USING INDEX {}").format(
        sql.Identifier(index.table),
        sql.Identifier(index.constraint or ""),
        sql.SQL(_KINDS[index.kind or ""]),
        sql.Identifier(index.name),
    )

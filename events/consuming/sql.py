"""Running SQL on Django's connection with parameters bound by the server: bulk, prepared."""

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import connection


def run(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement on this thread's default connection and return its rows, if it has any.

    Takes part in Django's transaction. Raises django.db's errors.
    """
    connection.ensure_connection()
    raw = connection.connection
    with connection.wrap_database_errors, psycopg.Cursor(raw) as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def columns(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Turn rows into one list per column, for `unnest`."""
    turned = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: list(values) for name, values in zip(names, turned, strict=True)}

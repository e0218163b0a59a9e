"""Heartbeats: every process says that it lives, what it holds and that it moves."""

import os
import socket
from collections.abc import Sequence
from typing import Any, Protocol

import orjson

from events.models.identifiers import new_id

_BEAT = """
INSERT INTO events_heartbeat AS h
    (process, role, name, host, pid, database_pid, assignment, started_at, beat_at, progress_at)
VALUES (%s, %s, %s, %s, %s, pg_backend_pid(), %s::jsonb, now(), now(),
        CASE WHEN %s THEN now() END)
ON CONFLICT (process) DO UPDATE SET
    database_pid = excluded.database_pid,
    assignment = excluded.assignment,
    beat_at = excluded.beat_at,
    progress_at = coalesce(excluded.progress_at, h.progress_at)
"""
_END = "DELETE FROM events_heartbeat WHERE process = %s"
# Rows of processes that were killed; by then nobody asks what they held.
_SWEEP = "DELETE FROM events_heartbeat WHERE beat_at < now() - interval '1 day'"


class Connection(Protocol):
    """Django's connection, or a psycopg one."""

    def cursor(self) -> Any:
        """Return a cursor that is a context manager."""


class Heart:
    """The heartbeat row of this process; times are the database's.

    Beats go over the caller's connection, outside a transaction. `database_pid` becomes that
    connection's session. Raises what the database raises.
    """

    def __init__(self, *, role: str, name: str = "") -> None:
        self.process = new_id()
        self._who = (self.process, role, name, socket.gethostname(), os.getpid())
        self._beats = False

    def beat(
        self, connection: Connection, *, assignment: Sequence[object], progressed: bool
    ) -> None:
        """Say: I live, I hold `assignment` (JSON), and, if so, I moved since the last beat."""
        with connection.cursor() as cursor:
            if not self._beats:
                cursor.execute(_SWEEP)
                self._beats = True
            cursor.execute(_BEAT, (*self._who, orjson.dumps(assignment).decode(), progressed))

    def end(self, connection: Connection) -> None:
        """Remove the row: this process ends well."""
        with connection.cursor() as cursor:
            cursor.execute(_END, (self.process,))

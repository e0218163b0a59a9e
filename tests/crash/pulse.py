"""Pulse: which process has beaten and moved, read from the heartbeats again and again."""

import threading
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

EVERY_S = 0.25
_BEATS = "SELECT pid, beat_at, progress_at FROM events_heartbeat ORDER BY beat_at"
# A database that was frozen or killed must not keep us longer than it was away.
_CONNECT = {"connect_timeout": 2, "tcp_user_timeout": 2_000}


class Beat(NamedTuple):
    """The last beat of a process, and when it had moved something."""

    at: datetime
    moved_at: datetime | None


class Pulse:
    """A thread of its own; where the database is away, the last known beats stay."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._beats: dict[int, Beat] = {}
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self.is_calm = False  # nothing is sent: then nobody moves, and a beat has to do

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def has_moved(self, pid: int, *, since: datetime) -> bool:
        """Whether this process has moved an entry or a message since then, and said so."""
        beat = self._beats.get(pid)
        if beat is None:
            return False
        at = beat.at if self.is_calm else beat.moved_at
        return at is not None and at > since

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            with suppress(psycopg.Error):
                self.run_once()
        if self._connection:
            self._connection.close()

    def run_once(self) -> None:
        """Read the heartbeats; raises psycopg.Error."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, autocommit=True, **_CONNECT)  # type: ignore[arg-type] # libpq's own parameters
        rows = self._connection.execute(_BEATS).fetchall()
        self._beats = {pid: Beat(at, moved_at) for pid, at, moved_at in rows}

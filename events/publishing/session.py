"""The relay's own database session: what it holds ends with it."""

from contextlib import suppress
from uuid import UUID

import psycopg
from psycopg import sql

from events.publishing.bucket_locks import BucketLocks
from events.publishing.entries import Entries
from events.publishing.wakeup import CHANNEL

# A server that vanished is noticed within these times.
_CONNECT = {"connect_timeout": 5, "tcp_user_timeout": 15_000}
# The relay's few questions are known: they go along the indexes, whatever the statistics say of a
# table that is empty now and holds a million rows a minute later.
_SETTINGS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_sort": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "timezone": "UTC",
    "datestyle": "ISO",
}
# The name proves that the session is the one the heartbeat row speaks of, not a later one that got
# its number. Ending it stands in the outermost SELECT list: as a condition it could be asked of
# every session before the join.
_END_FROZEN = """
WITH frozen AS (
    DELETE FROM events_heartbeat h
    WHERE role = %s AND process <> %s AND beat_at < now() - %s * interval '1 second'
    RETURNING process, host, pid, database_pid
), found AS MATERIALIZED (
    SELECT f.host, f.pid, a.pid AS backend
    FROM frozen f
    JOIN pg_stat_activity a ON a.pid = f.database_pid AND a.application_name = %s || f.process
)
SELECT host, pid, pg_terminate_backend(backend) FROM found
"""
APPLICATION = "waybill-relay:"


class RelaySession:
    """One direct connection (session locks do not live behind a transaction pooler), autocommit.

    Everything here raises psycopg.Error; afterwards `is_lost` tells whether the session is over.
    """

    def __init__(self, url: str, *, process: UUID) -> None:
        self._process = process
        self.connection = psycopg.connect(
            url,
            autocommit=True,
            application_name=f"{APPLICATION}{process}",
            **_CONNECT,  # type: ignore[arg-type] # libpq's own parameters
        )
        for name, value in _SETTINGS.items():
            self.connection.execute(
                sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
        self.connection.execute(f"LISTEN {CHANNEL}")
        self.entries = Entries(self.connection)
        self.locks = BucketLocks(self.connection)

    @property
    def is_lost(self) -> bool:
        """Whether the session, and with it every lock, is gone."""
        return self.connection.closed

    def was_woken(self, timeout_s: float) -> bool:
        """Wait up to `timeout_s` seconds for a wake-up call; tell whether there was one."""
        return any(list(self.connection.notifies(timeout=timeout_s, stop_after=1)))

    def end_frozen(self, *, role: str, stale_s: float) -> list[tuple[str, int]]:
        """End the sessions of processes that no longer beat; return their hosts and pids.

        They own nothing from then on: when they wake they can neither delete nor mark anything.
        """
        rows = self.connection.execute(
            _END_FROZEN, [role, self._process, stale_s, APPLICATION]
        ).fetchall()
        return [(row[0], row[1]) for row in rows if row[2]]

    def close(self) -> None:
        """End the session; never raises."""
        with suppress(psycopg.Error):
            self.connection.close()

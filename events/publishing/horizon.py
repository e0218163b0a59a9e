"""The horizon: the number below which no entry will appear any more, however late it commits."""

import psycopg

# A transaction that stores entries has its lock on the table before it draws their numbers, and
# keeps it until its commit is seen by everybody. So what was drawn by now belongs to the holders
# of now and to those before them. A session that draws numbers in advance would break this.
_DRAWN = """
SELECT CASE WHEN s.seqcache = 1 THEN coalesce(pg_sequence_last_value(s.seqrelid::regclass), 0)
       ELSE 0 END
FROM pg_sequence s
WHERE s.seqrelid = pg_get_serial_sequence('events_outboxentry', 'sequence')::regclass
"""
_HOLDERS = """
SELECT DISTINCT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'events_outboxentry'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'ShareUpdateExclusiveLock')
"""
# How a prepared transaction is called: no longer as it was, so nobody can tell which one it was.
PREPARED = "-1/"


class Horizon:
    """Follows the writers of the outbox.

    `passed` only grows. Every entry up to it that will ever be stored can be seen by a statement
    that begins after `advance()` returned. A transaction that stored entries and stays open stops
    it; one that only reads does not.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self.passed = 0
        self._next = 0
        self._writers: set[str] | None = None  # those of whom one may still commit up to _next

    def advance(self) -> None:
        """Look who still writes. Raises psycopg.Error."""
        if self._writers is None:
            self._next = self._drawn()
            self._writers = self._holders()
        else:
            now = self._holders()
            self._writers &= now
            if any(each.startswith(PREPARED) for each in now):
                return
        if not self._writers:
            self.passed = self._next
            self._writers = None

    def _drawn(self) -> int:
        row = self._connection.execute(_DRAWN).fetchone()
        return int(row[0]) if row else 0

    def _holders(self) -> set[str]:
        return {row[0] for row in self._connection.execute(_HOLDERS)}

"""Bucket locks: one relay at a time moves a bucket; its database session is what proves it."""

import math
import random
from collections.abc import Collection

import psycopg

from events.publishing.buckets import BUCKETS

LOCK_CLASS = 0x57415942  # "WAYB": the first half of our advisory lock keys
ROLL_CALL = BUCKETS  # shared by all relays, so that they can be counted

_JOIN = "SELECT pg_advisory_lock_shared(%s, %s)"
_COUNT = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = %s AND objsubid = 2
  AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TAKE = "SELECT b FROM unnest(%s::int[]) AS b WHERE pg_try_advisory_lock(%s, b) LIMIT %s"
_GIVE = "SELECT pg_advisory_unlock(%s, b) FROM unnest(%s::int[]) AS b"


class BucketLocks:
    """The buckets of one relay: session locks that end with the connection, however it ends.

    Fair share: every relay holds at most 64 / (number of living relay sessions), rounded up. What
    is too much is given back once nothing of it is in flight.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._held: set[int] = set()
        self._leaving: set[int] = set()
        self.is_settled = False  # holds its fair share: no hurry to ask again
        connection.execute(_JOIN, [LOCK_CLASS, ROLL_CALL])

    @property
    def held(self) -> list[int]:
        """The buckets whose locks we hold."""
        return sorted(self._held)

    @property
    def readable(self) -> set[int]:
        """The buckets of which entries may be read."""
        return self._held - self._leaving

    def share(self, *, busy: Collection[int]) -> None:
        """Take or give back buckets; those in `busy` have entries in flight and stay for now."""
        try:
            relays = max(self._relays(), 1)
            excess = len(self._held) - math.ceil(BUCKETS / relays)
            if excess > 0:
                self._leaving = set(sorted(self._held, key=lambda b: (b in busy, b))[:excess])
                self._give(self._leaving - set(busy))
            else:
                self._leaving = set()
                self._take(-excess)
        except psycopg.Error:
            self._connection.close()  # nobody knows which locks it holds: it shall hold none
            raise
        self.is_settled = not self._leaving and len(self._held) >= BUCKETS // relays

    def _relays(self) -> int:
        row = self._connection.execute(_COUNT, [LOCK_CLASS, ROLL_CALL]).fetchone()
        return int(row[0]) if row else 1

    def _take(self, number: int) -> None:
        if not number:
            return
        wanted = [bucket for bucket in range(BUCKETS) if bucket not in self._held]
        random.shuffle(wanted)  # relays that start together should not all try the same
        rows = self._connection.execute(_TAKE, [wanted, LOCK_CLASS, number]).fetchall()
        self._held.update(row[0] for row in rows)

    def _give(self, buckets: set[int]) -> None:
        if not buckets:
            return
        self._connection.execute(_GIVE, [LOCK_CLASS, list(buckets)])
        self._held -= buckets
        self._leaving -= buckets

"""Shares: which relay holds how many buckets, by PostgreSQL's own word."""

import threading
from collections import Counter
from types import TracebackType
from typing import Self

from events.publishing.bucket_locks import LOCK_CLASS
from events.publishing.buckets import BUCKETS
from tests.acceptance.system import System
from tests.waiting import wait_until

LOOKS_EVERY_S = 0.05
_HOLDERS = f"""
    SELECT coalesce(array_agg(ARRAY[objid::int, pid]), '{{}}') FROM pg_locks
    WHERE locktype = 'advisory' AND classid::bigint = {LOCK_CLASS} AND objid < {BUCKETS}
      AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""  # noqa: S608 - numbers of ours


def shares(system: System) -> list[int]:
    """Return how many buckets each relay holds, the smallest share first."""
    return sorted(Counter(pid for _, pid in system.value(_HOLDERS)).values())


def wait_for_shares(system: System, wanted: list[int], *, timeout_s: float) -> None:
    """Wait until so many relays hold so many buckets."""
    wait_until(lambda: shares(system) == wanted, timeout_s=timeout_s)


class Watch:
    """A context manager that looks at the locks all the time.

    `seen` counts the ways in which the buckets were shared, `doubled` the buckets that were in two
    hands, `looks` the looks.
    """

    def __init__(self, system: System) -> None:
        self.looks = self.doubled = 0
        self.seen: Counter[tuple[int, ...]] = Counter()
        self._system = system
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with self._system.database() as database:
            while not self._stop.wait(LOOKS_EVERY_S):
                row = database.execute(_HOLDERS.encode()).fetchone()
                assert row is not None
                self._note([(bucket, pid) for bucket, pid in row[0]])

    def _note(self, held: list[tuple[int, int]]) -> None:
        self.looks += 1
        self.doubled += len(held) - len({bucket for bucket, _ in held})
        self.seen[tuple(sorted(Counter(pid for _, pid in held).values()))] += 1

"""Readiness: whether this process can serve, asked of the database with a deadline of our own."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache

from django.db import Error, ProgrammingError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

CONNECT_TIMEOUT_S = 2  # the least that libpq takes

UNREACHABLE = "the database cannot be reached"
NOT_MIGRATED = "migrations are not applied"
SILENT = "the database does not answer in time"


class Readiness:
    """Asks on a connection of its own: not of the pool, which may be exhausted, nor a broken one.

    At most one question is under way in a process, however many ask. A database that hangs holds
    up that one thread, and everybody else for `patience_s` seconds at most.
    """

    def __init__(self, *, patience_s: float = 1.0) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._asker: ThreadPoolExecutor | None = None
        self._question: Future[str] | None = None

    def trouble(self) -> str:
        """Return why the process cannot serve, in words without secrets; empty if it can."""
        with self._lock:
            if self._question is None or self._question.done():
                self._question = self._thread().submit(self._ask)
            question = self._question
        try:
            return question.result(timeout=self._patience_s)
        except FutureTimeout:
            return SILENT

    def _thread(self) -> ThreadPoolExecutor:
        # Made at the first question: a thread made before a fork would not live in the child.
        if self._asker is None:
            self._asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
        return self._asker

    def _ask(self) -> str:
        own = _connection_outside_the_pool()
        try:
            with own.cursor() as cursor:
                cursor.execute("SELECT app, name FROM django_migrations")
                applied = set(cursor.fetchall())
        except ProgrammingError:
            return NOT_MIGRATED  # not even begun: the table is missing
        except Error:
            return UNREACHABLE
        finally:
            own.close()
        return "" if _migrations() <= applied else NOT_MIGRATED


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    # Without a connection: the recorder of Django's executor would ask through this thread's own
    # one, out of the pool, and never give it back.
    return frozenset(MigrationLoader(None).graph.nodes)


def _connection_outside_the_pool() -> BaseDatabaseWrapper:
    own: BaseDatabaseWrapper = connection.copy()
    own.settings_dict["OPTIONS"].pop("pool", None)
    own.settings_dict["OPTIONS"]["connect_timeout"] = CONNECT_TIMEOUT_S
    return own

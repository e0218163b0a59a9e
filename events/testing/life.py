"""Life: one process of the kit, from its start to its end or its death, inside the test's process.

A life owns the thread that runs it and every thread those start. When it dies, each of them stops
where it is and never goes on: no `except`, no `finally`, nothing in memory is given back. Its
database sessions are cut at their sockets, as the kernel does for a process that was killed.
"""

import os
import socket
import threading
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from django.db.backends.signals import connection_created

from events.testing.crashes import Crashes

_lives: "weakref.WeakKeyDictionary[threading.Thread, Life]" = weakref.WeakKeyDictionary()


class Killed(BaseException):
    """Takes the thread that runs a life out of it; nothing of the product catches it."""


class Life:
    """Which steps one process reached; dies at the one that `crashes` asks for."""

    def __init__(self, *, crashes: Crashes) -> None:
        self._crashes = crashes
        self._lock = threading.Lock()
        self._runner: threading.Thread | None = None
        self._sessions: list[psycopg.Connection[Any]] = []
        self.seen: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._stopped: set[threading.Thread] = set()  # they never go on
        self.died_at: str | None = None

    @contextmanager
    def lived(self) -> Iterator[None]:
        """Run the life in this thread; Killed ends the block quietly."""
        thread = threading.current_thread()
        before = _lives.get(thread)
        self._runner = thread
        _lives[thread] = self
        try:
            with suppress(Killed):
                yield
        finally:
            if before is None:
                del _lives[thread]
            else:
                _lives[thread] = before

    def reached(self, step: str) -> None:
        """Note a step; does not return if the life is over, or ends here."""
        self.stop_if_dead()
        with self._lock:
            self.seen[step] += 1
            if self.died_at is None and self._crashes.take(step):
                self.died_at = step
        if self.died_at is not None:
            self.cut_sessions()
            self.stop_if_dead()

    def owns(self, session: psycopg.Connection[Any]) -> None:
        """Note a database session: it ends with the life."""
        self._sessions.append(session)
        if self.died_at is not None:
            self.cut_sessions()
            self.stop_if_dead()

    def is_still(self, name: str) -> bool:
        """Whether no thread of this name runs any more: it ended, or stopped for good."""
        return all(
            each in self._stopped or not each.is_alive()
            for each in self._threads
            if each.name == name
        )

    def cut_sessions(self) -> None:
        """End every session it has."""
        for session in self._sessions:
            cut(session)

    def stop_if_dead(self) -> None:
        """Return if the life goes on; else this thread goes no further."""
        if self.died_at is None:
            return
        if threading.current_thread() is self._runner:
            raise Killed
        self._stopped.add(threading.current_thread())
        threading.Event().wait()  # handlers run in such threads: nothing of them may run any more


def cut(session: psycopg.Connection[Any]) -> None:
    """End a session as a kill does: the server sees the end of the connection, and no word."""
    if not session.closed:
        with suppress(OSError), socket.socket(fileno=os.dup(session.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)


def current_life() -> Life | None:
    """Return the life this thread belongs to."""
    return _lives.get(threading.current_thread())


@contextmanager
def lives_watched() -> Iterator[None]:
    """Have threads belong to the life of the thread that starts them."""
    start = threading.Thread.start

    def start_in_life(thread: threading.Thread) -> None:
        life = current_life()
        if life is not None:
            _lives[thread] = life
            life._threads.append(thread)
        start(thread)

    threading.Thread.start = start_in_life  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


def _connected(*, connection: Any, **_: object) -> None:
    life = current_life()
    if life is not None:
        life.owns(connection.connection)


# For good: a thread of a dead life may outlive its test, and shall get no session then either.
connection_created.connect(_connected, dispatch_uid="events.testing")

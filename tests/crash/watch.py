"""Watch: how far the system is, asked every second, for whoever looks at the run."""

import threading
from contextlib import suppress

import psycopg
from confluent_kafka import KafkaException

from tests.acceptance.system import System

EVERY_S = 1.0


class Watch:
    """A thread of its own; -1 stands for "nobody answers"."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.backlog = self.lag = self.mails = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self.backlog, self.lag = self._backlog(), self._lag()
            self.mails = sum(1 for _ in self._system.stack.smtp.journal.directory.glob("*.eml"))

    def _backlog(self) -> int:
        with suppress(psycopg.Error):
            return self._system.backlog()
        return -1

    def _lag(self) -> int:
        with suppress(KafkaException):
            return self._system.lag()
        return -1

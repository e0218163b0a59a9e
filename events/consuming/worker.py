"""Worker: the thread in which handlers run, with a database connection of its own."""

import logging
import threading
from collections.abc import Sequence

from django.db import close_old_connections, connections

from events.consuming.inbox import Inbox
from events.consuming.progress import Progress
from events.consuming.retrying import Abandoned
from events.kafka.record import Partition, Record

logger = logging.getLogger(__name__)


class Worker:
    """Applies one batch at a time. A failure of ours (not of a handler) is kept for `check`."""

    def __init__(self, *, inbox: Inbox, progress: Progress) -> None:
        self._inbox = inbox
        self._forgotten: frozenset[Partition] = frozenset()
        self._progress = progress
        self._batch: Sequence[Record] | None = None
        self._given = threading.Event()
        self._is_ending = False
        self._failure: BaseException | None = None
        # A daemon: a handler that hangs for ever must not keep the process alive.
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    @property
    def is_idle(self) -> bool:
        """Whether the worker can be given a batch."""
        return self._batch is None

    def start(self) -> None:
        """Begin to wait for work."""
        self._thread.start()

    def give(self, batch: Sequence[Record]) -> None:
        """Hand over a batch; the worker must be idle."""
        self._progress.new_batch()
        self._inbox.forget(self._forgotten)
        self._forgotten = frozenset()
        self._batch = batch
        self._given.set()

    def check(self) -> None:
        """Raise what went wrong in the worker, if anything did: the process has to end."""
        if self._failure is not None:
            raise self._failure

    def forget(self, partitions: frozenset[Partition]) -> None:
        """Have what was known of these partitions looked up again, before the next batch."""
        self._forgotten |= partitions

    def end(self, *, timeout_s: float) -> bool:
        """Have the worker finish its message and end; False if it does not within `timeout_s`."""
        self._is_ending = True
        self._progress.stop.set()
        self._given.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while True:
                self._given.wait()
                self._given.clear()
                if self._batch is not None:
                    self._work(self._batch)
                if self._is_ending:
                    return
        finally:
            connections.close_all()

    def _work(self, batch: Sequence[Record]) -> None:
        close_old_connections()
        try:
            self._inbox.apply(batch)
        except Abandoned:
            logger.info("Stopped while waiting for the database; the messages come again")
        except BaseException as error:  # noqa: BLE001 - raised again by check()
            self._failure = error
        self._batch = None
        self._progress.news.set()

"""Worker: the thread in which handlers run, with a database connection of its own."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from django.db import close_old_connections, connections

from events.consuming.errands import Errands
from events.consuming.inbox import Inbox
from events.consuming.progress import Progress
from events.consuming.retrying import Abandoned
from events.kafka.record import Partition, Record

logger = logging.getLogger(__name__)


class Worker:
    """Applies one batch at a time. A failure of ours (not of a handler) is kept for `check`."""

    def __init__(self, *, inbox: Inbox, errands: Errands, progress: Progress) -> None:
        self._inbox = inbox
        self._errands = errands
        self._is_running_errands = False
        self._busy_since = 0.0
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
        """Whether the worker can be given a batch; errands end at the next chance if it is."""
        return self._batch is None

    def busy_s(self) -> float:
        """Return for how long the present work has been in hand, in seconds; 0 while idle."""
        return 0.0 if self.is_idle else time.monotonic() - self._busy_since

    @property
    def is_settled(self) -> bool:
        """Whether it is idle, and nothing waits that does not come from Kafka."""
        return self.is_idle and not self._is_running_errands and self._errands.is_clear

    def start(self) -> None:
        """Begin to wait for work."""
        self._thread.start()

    def give(self, batch: Sequence[Record]) -> None:
        """Hand over a batch; the worker must be idle."""
        self._progress.new_batch()
        self._inbox.forget(self._forgotten)
        self._forgotten = frozenset()
        self._busy_since = time.monotonic()
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
            while not self._is_ending:
                self._given.wait(self._errands.next_in_s())
                self._given.clear()
                if self._batch is not None:
                    self._work(self._batch)
                elif not self._is_ending:
                    self._run_errands()
        finally:
            connections.close_all()

    def _work(self, batch: Sequence[Record]) -> None:
        self._guarded(lambda: self._inbox.apply(batch))
        self._errands.look_again()
        self._batch = None
        self._progress.news.set()

    def _run_errands(self) -> None:
        self._is_running_errands = True
        self._guarded(self._visit)
        self._is_running_errands = False
        self._progress.news.set()

    def _visit(self) -> None:
        while self._errands.visit() and not self._given.is_set():
            """Go on as long as there is something to run, and nothing from Kafka."""

    def _guarded(self, unit: Callable[[], object]) -> None:
        close_old_connections()
        try:
            unit()
        except Abandoned:
            logger.info("Stopped while waiting for the database; the messages come again")
        except BaseException as error:  # noqa: BLE001 - raised again by check()
            self._failure = error

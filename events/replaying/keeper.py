"""The replay's keeper: a thread that keeps its lease and sees what people ask of it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, close_old_connections, connection, connections

from events.consuming.leases import Leases
from events.consuming.progress import Progress
from events.models import Replay
from events.observing.heartbeat import Heart
from events.replaying.lease import Lease
from events.sql import run

logger = logging.getLogger(__name__)

_AT_WORK = """
    SELECT 1 FROM events_heartbeat
    WHERE role = 'consumer' AND name = %(group)s AND progress_at > now() - interval '5 seconds'
    LIMIT 1
"""

OnHung = Callable[[float], None]

LOST = "lost"  # beside the states of a replay: another process has it


@dataclass(kw_only=True)
class ReplayKeeper:
    """Looks every `look_every_s`; renews leases and beats every `every_s`. Outages it waits out.

    `state` is what it saw last. What is not running any more is left at the next message: the
    handler at work is waited for. `on_hung(deadline_s)` is called, once, when that one is overdue.
    """

    lease: Lease
    leases: Leases
    progress: Progress
    heart: Heart
    group: str
    partitions: frozenset[tuple[str, int]]
    every_s: float
    look_every_s: float
    on_hung: OnHung
    stop_asked: threading.Event
    state: str = Replay.State.RUNNING
    moved: bool = False  # since the last beat
    is_group_at_work: bool = False  # as far as its consumers said in the last seconds
    _beat_at: float = float("-inf")
    _stop: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="replay-keeper", daemon=True)
        self._thread.start()

    def stop(self, *, timeout_s: float) -> None:
        """End, removing the heartbeat row."""
        self._stop.set()
        self._thread.join(timeout_s)

    def check(self) -> None:
        """Raise what went wrong here, if anything did."""
        if self.failure is not None:
            raise self.failure

    def run_once(self) -> None:
        """See what the replay's state is, keep the lease, and beat if it is time."""
        if self.stop_asked.is_set():
            self.progress.stop.set()
        if (overdue := self.progress.overdue_s()) is not None:
            self.on_hung(overdue)
        is_due = time.monotonic() - self._beat_at >= self.every_s
        state = self.lease.renew() if is_due else self._look()
        self.state = LOST if state is None else state
        if self.state != Replay.State.RUNNING:
            self.progress.leave(self.partitions)
        if is_due:
            self._beat()

    def _look(self) -> str | None:
        rows = Replay.objects.filter(pk=self.lease.replay, lease_token=self.lease.token)
        state: str | None = rows.values_list("state", flat=True).first()
        return self.lease.renew() if state == Replay.State.REQUESTED else state

    def _beat(self) -> None:
        self.leases.renew()
        assignment = [f"{topic}:{partition}" for topic, partition in sorted(self.partitions)]
        self.is_group_at_work = bool(run(_AT_WORK, {"group": self.group}))
        self.heart.beat(connection, assignment=assignment, progressed=self.moved)
        self.moved = False
        self._beat_at = time.monotonic()

    def _run(self) -> None:
        try:
            while not self._stop.wait(self.look_every_s):
                self._through_outages(self.run_once)
            self._through_outages(lambda: self.heart.end(connection))
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that works
            self.failure = error
        finally:
            connections.close_all()

    def _through_outages(self, unit: Callable[[], None]) -> None:
        close_old_connections()
        try:
            unit()
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            logger.debug("Not now: the database is away", extra={"error": str(error)})

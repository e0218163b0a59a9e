"""Keeper: the thread that renews leases and beats; the polling thread waits for no database."""

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections, connection, connections

from events.consuming.leases import Leases
from events.observing.heartbeat import Heart

logger = logging.getLogger(__name__)


class Keeper:
    """Renews and beats until stopped; an outage is waited out, and said once elsewhere."""

    def __init__(
        self,
        *,
        leases: Leases,
        heart: Heart,
        every_s: float,
        assignment: Callable[[], list[str]],
        progress_count: Callable[[], int],
    ) -> None:
        self._leases = leases
        self._heart = heart
        self._every_s = every_s
        self._assignment = assignment
        self._progress_count = progress_count
        self._counted = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, timeout_s: float) -> None:
        """End, removing the heartbeat row."""
        self._stop.set()
        self._thread.join(timeout_s)

    def run_once(self) -> None:
        """Renew every lease and beat, once."""
        count = self._progress_count()
        self._leases.renew()
        self._heart.beat(
            connection, assignment=self._assignment(), progressed=count != self._counted
        )
        self._counted = count

    def _run(self) -> None:
        try:
            while True:
                self._through_outages(self.run_once)
                if self._stop.wait(self._every_s):
                    break
            self._through_outages(lambda: self._heart.end(connection))
        finally:
            connections.close_all()

    def _through_outages(self, unit: Callable[[], None]) -> None:
        close_old_connections()
        try:
            unit()
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            logger.debug("No beat: the database is away", extra={"error": str(error)})

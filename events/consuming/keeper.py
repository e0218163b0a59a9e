"""Keeper: the thread that renews leases, beats and looks at the desk; polling waits for no one."""

import logging
import threading
import time
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, close_old_connections, connection, connections

from events.consuming.desk import Desk
from events.consuming.exchange import Exchange
from events.consuming.leases import Leases
from events.observing.heartbeat import Heart

logger = logging.getLogger(__name__)


class Keeper:
    """Works until stopped; an outage is waited out, and said once elsewhere.

    It looks every `look_every_s`, and at once when `look_now` is set; it renews and beats every
    `every_s`.
    """

    def __init__(
        self,
        *,
        leases: Leases,
        heart: Heart,
        desk: Desk,
        exchange: Exchange,
        every_s: float,
        look_every_s: float,
        look_now: threading.Event,
        assignment: Callable[[], list[str]],
        progress_count: Callable[[], int],
    ) -> None:
        self._leases = leases
        self._heart = heart
        self._desk = desk
        self._exchange = exchange
        self._every_s = every_s
        self._look_every_s = look_every_s
        self._look_now = look_now
        self._assignment = assignment
        self._progress_count = progress_count
        self._counted = 0
        self._has_warned = False
        self._beat_at = float("-inf")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, *, timeout_s: float) -> None:
        """End, removing the heartbeat row."""
        self._stop.set()
        self._look_now.set()
        self._thread.join(timeout_s)

    def run_once(self) -> None:
        """Renew every lease and beat if it is time, and look at the desk."""
        if time.monotonic() - self._beat_at >= self._every_s:
            self._beat()
        self._desk.look()

    def _beat(self) -> None:
        count = self._progress_count()
        self._leases.renew()
        self._heart.beat(
            connection, assignment=self._assignment(), progressed=count != self._counted
        )
        self._counted = count
        self._beat_at = time.monotonic()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._through_outages(self.run_once)
                self._look_now.wait(self._look_every_s)
                self._look_now.clear()
            self._through_outages(lambda: self._heart.end(connection))
        except BaseException as error:  # noqa: BLE001 - raised again by the polling thread
            self._exchange.failure = error
        finally:
            connections.close_all()

    def _through_outages(self, unit: Callable[[], None]) -> None:
        close_old_connections()
        try:
            unit()
        except (DatabaseError, InterfaceError) as error:
            connection.close()
            if self._exchange.news.controls is None and not self._has_warned:
                self._has_warned = True
                logger.warning("PostgreSQL is not available; nothing is fetched before it is")
            logger.debug("Not now: the database is away", extra={"error": str(error)})

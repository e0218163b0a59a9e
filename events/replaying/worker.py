"""The worker: runs, one after the other, whatever replays were asked for and nobody runs."""

import logging
import threading
from uuid import UUID

from django.db import InterfaceError, OperationalError, close_old_connections

from events.conf import Waybill
from events.errors import ReplayRefused
from events.replaying.process import ReplayProcess
from events.replaying.waiting import next_replay

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0


class ReplayWorker:
    """Takes the oldest first, also what a killed process left; `run` belongs in the main thread.

    A paused one is let go, and taken again once it is resumed. One that cannot even be begun is
    left alone until the worker is started anew, so that it holds back no other.
    """

    def __init__(self, *, settings: Waybill, look_every_s: float = LOOK_EVERY_S) -> None:
        self._settings = settings
        self._look_every_s = look_every_s
        self._broken: set[UUID] = set()
        self._is_away = False

    def run(self, stop: threading.Event) -> None:
        """Run what waits, until `stop` is set: then the message in hand is the last one."""
        while not stop.is_set():
            if not self.run_once(stop):
                stop.wait(self._look_every_s)

    def run_once(self, stop: threading.Event) -> bool:
        """Run the oldest that waits to where it ends or is let go; returns whether there was one.

        While PostgreSQL is away there is none.
        """
        close_old_connections()
        try:
            replay_id = next_replay(but=self._broken)
            self._tell_is_away(is_away=False)
            return replay_id is not None and self._ran(replay_id, stop)
        except (OperationalError, InterfaceError) as error:
            self._tell_is_away(is_away=True, error=str(error))
            return False

    def _ran(self, replay_id: UUID, stop: threading.Event) -> bool:
        try:
            ReplayProcess(replay_id, settings=self._settings, waits_while_paused=False).run(stop)
        except ReplayRefused:
            return False  # somebody else was quicker, or it was stopped meanwhile
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("A replay cannot be run", extra={"replay": str(replay_id)})
            self._broken.add(replay_id)
        return True

    def _tell_is_away(self, *, is_away: bool, error: str = "") -> None:
        if is_away and not self._is_away:
            logger.warning("PostgreSQL does not answer; waiting", extra={"error": error})
        elif self._is_away and not is_away:
            logger.warning("PostgreSQL answers again")
        self._is_away = is_away

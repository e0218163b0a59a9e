"""Retrying: a unit of work run through outages of the database and passing conflicts."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection

from events.consuming.infrastructure import Fault, Stop, fault_of, wait_for_database
from events.errors import WaybillError

T = TypeVar("T")
MAX_CONFLICTS = 8


class Abandoned(Exception):
    """The process stops while the database is away: the unit stays undone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of one message.

    With `delay_s` it, and its partition, waits so long; else it is done with, and `done_by` names
    the event (source/id) that did its key, if any did. `ran` tells whether a handler was called.
    """

    done_by: str | None = None
    delay_s: float | None = None
    ran: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrying:
    """Runs units of work; `stop` ends the waiting."""

    stop: Stop
    probe_every_s: float

    def through_outages(self, unit: Callable[[], T]) -> T:
        """Return what `unit` returns, run again (from its start) after outages and conflicts.

        Raises what `unit` raises if that is the message's own doing or a conflict did not pass in
        eight tries, and Abandoned if told to stop while the database is away.
        """
        conflicts = 0
        while True:
            raw = None
            try:
                connection.ensure_connection()
                raw = connection.connection
                return unit()
            except Exception as error:  # noqa: BLE001 - judged, raised again unless it passes
                # The end of a transaction connects anew: what broke may look whole by now.
                was_lost = raw is not None and raw.closed
                conflicts = self._after(error, conflicts, was_lost=was_lost)

    def _after(self, error: Exception, conflicts: int, *, was_lost: bool) -> int:
        if isinstance(error, WaybillError):
            raise error  # said on purpose, whatever caused it
        fault = fault_of(error)
        if fault is Fault.MESSAGE and was_lost:
            fault = Fault.PASSING
        if fault is Fault.AWAY:
            if not wait_for_database(self.stop, every_s=self.probe_every_s):
                raise Abandoned from error
            return 0
        if fault is Fault.MESSAGE or conflicts >= MAX_CONFLICTS:
            raise error
        self.stop.wait(random.uniform(0.01, 0.05) * 2**conflicts)  # noqa: S311 - only jitter
        return conflicts + 1

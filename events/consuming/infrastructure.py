"""Whose fault a failure is: the message's, a passing conflict, or a database that is away."""

import logging
from enum import Enum, auto
from typing import Protocol

import psycopg
from django.db import DatabaseError, InterfaceError, connection

logger = logging.getLogger(__name__)

# serialization_failure, deadlock_detected, lock_not_available: the whole unit runs again.
PASSING = frozenset({"40001", "40P01", "55P03"})
# connection exception, insufficient resources (disk full), operator intervention (shutdown).
AWAY_CLASSES = ("08", "53", "57P")


class Fault(Enum):
    """Whose fault a failure is."""

    MESSAGE = auto()
    PASSING = auto()
    AWAY = auto()


class Stop(Protocol):
    """What waiting can be interrupted by; `threading.Event` is one."""

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds; True when asked to stop."""


def fault_of(error: BaseException) -> Fault:
    """Judge a failure after its transaction was rolled back; may probe the database."""
    state = _sqlstate(error)
    if state in PASSING:
        return Fault.PASSING
    if state and state.startswith(AWAY_CLASSES):
        return Fault.AWAY
    raw = connection.connection
    if raw is not None and not raw.closed:
        return Fault.MESSAGE
    return Fault.PASSING if database_answers() else Fault.AWAY


def database_answers() -> bool:
    """Ask PostgreSQL over a fresh connection."""
    connection.close()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        connection.close()
        return False
    return True


def wait_for_database(stop: Stop, *, every_s: float) -> bool:
    """Wait until PostgreSQL answers; False if asked to stop first. Says both, once."""
    logger.warning("PostgreSQL is not available; waiting, nothing is counted against a message")
    while not stop.wait(every_s):
        if database_answers():
            logger.warning("PostgreSQL answers again")
            return True
    return False


def _sqlstate(error: BaseException | None) -> str | None:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, psycopg.Error):
            return error.sqlstate
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None

"""Waiting for Kafka: until events are published, or a while is over; few requests at a time."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import Error, connection

logger = logging.getLogger(__name__)

# Between two looks: short at first, since the relay needs milliseconds.
FIRST_PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.1

_LOOK = """
SELECT DISTINCT ON (event_id) event_id::text, partition, "offset"
FROM events_publication WHERE event_id = ANY(%s::uuid[]) ORDER BY event_id, id
"""


class Place(NamedTuple):
    """Where an event lies in its topic."""

    partition: int
    offset: int


class WaitingRoom:
    """Holds the requests of one process that wait, no more than it has seats."""

    def __init__(self, *, seats: int) -> None:
        self._seats = seats
        self.waiting = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def published(self, events: Collection[str], *, within_s: float) -> dict[str, Place]:
        """Return where the events lie as soon as all are published, else those that are in time.

        Nobody waits where no seat is free, or the database does not answer: then what is not
        known is left out. No database connection is held between two looks.
        """
        with self._seat() as has_seat:
            if not has_seat:
                return {}
            try:
                return self._until(lambda: _places(events), count=len(events), within_s=within_s)
            except Error as error:
                logger.warning("waiting for Kafka was given up", extra={"error": str(error)})
                return {}

    def close(self) -> None:
        """Let everybody go, now and from now on."""
        self._closed.set()

    @contextmanager
    def _seat(self) -> Iterator[bool]:
        with self._lock:
            has_seat = self.waiting < self._seats and not self._closed.is_set()
            self.waiting += has_seat
        try:
            yield has_seat
        finally:
            with self._lock:
                self.waiting -= has_seat

    def _until(
        self, look: Callable[[], dict[str, Place]], *, count: int, within_s: float
    ) -> dict[str, Place]:
        deadline = time.monotonic() + within_s
        pause_s = FIRST_PAUSE_S
        while True:
            found = look()
            left_s = deadline - time.monotonic()
            if len(found) == count or left_s <= 0 or self._closed.is_set():
                return found
            self._closed.wait(min(pause_s, left_s))
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _places(events: Collection[str]) -> dict[str, Place]:
    try:
        with connection.cursor() as cursor:
            cursor.execute(_LOOK, [list(events)])
            return {event: Place(*place) for event, *place in cursor.fetchall()}
    finally:
        connection.close_if_unusable_or_obsolete()  # a pooled one goes back to its pool

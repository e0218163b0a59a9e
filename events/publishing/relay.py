"""The relay: moves outbox entries to Kafka, in order, and writes down where they lie."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import psycopg

from events.conf import Waybill
from events.kafka.producer import KafkaProducer
from events.observing.heartbeat import Heart
from events.publishing.lookout import Lookout
from events.publishing.session import RelaySession
from events.publishing.shipping import Shipping
from events.publishing.window import Window

logger = logging.getLogger(__name__)

ROLE = "relay"
READ_ENTRIES = 2_000
# Looks that take longer than this read more at a time: they wade through entries that cannot be
# cleaned away, behind a transaction that published and stays open, or that stand behind another.
SLOW_LOOK_S = 0.1
READ_ENTRIES_SLOWLY = 6_000
SHARE_EVERY_S = 1.0
SHARE_AGAIN_S = 0.1  # while buckets are to be given or to be had
# While something is in flight, wake-up calls are looked for this often; a signal, that often.
IN_FLIGHT_WAIT_S = 0.02
IDLE_WAIT_S = 0.25
RECONNECT_S = 0.5


class Remainder(NamedTuple):
    """What a drain left behind: due entries in the buckets it held, and what it parked."""

    undelivered: int
    parked: int
    reason: str
    buckets: int


class Relay:
    """One relay process. Several may run: each bucket is moved by one of them at a time.

    What it holds it holds by its database session: when that ends, everything in flight is
    dropped, the locks are taken anew and the table is read again. So a record may be written
    twice, and none is lost. PostgreSQL or Kafka being away is waited for.
    """

    def __init__(
        self,
        *,
        settings: Waybill,
        kafka: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._heart = Heart(role=ROLE)
        self._session: RelaySession | None = None
        self._shipping = Shipping(
            make_producer=partial(KafkaProducer, overrides=kafka),
            make_window=lambda: Window(
                entries=settings.relay_window_entries,
                size=settings.relay_window_bytes,
                max_backoff_s=settings.relay_max_backoff_s,
            ),
        )
        self._lookout = Lookout(poll_interval_s=settings.relay_poll_interval_s)
        self._share_at = self._beat_at = self._reconnect_at = float("-inf")
        self._database_says = ""
        self._moved = self._moved_since_beat = False
        self._found_nothing = False
        self._limit = READ_ENTRIES

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set; `close()` comes after it."""
        while not stop.is_set():
            self.run_once()

    def run_once(self) -> None:
        """Take one step: marks, a look into the outbox, a short wait for reports or a call."""
        if (left_s := self._reconnect_at - self._clock()) > 0:
            self._shipping.collect(min(left_s, IDLE_WAIT_S))
            return
        try:
            self._step(self._connected())
        except psycopg.Error as error:
            self._database_failed(error)

    def drain(self, stop: threading.Event, *, patience_s: float) -> Remainder | None:
        """Relay until nothing more can be delivered now; return what remains.

        Entries that wait for a later try are not waited for. Returns None if `stop` was set or
        nothing moved for `patience_s` seconds (PostgreSQL or Kafka is away).
        """
        moved_at = self._clock()
        while not stop.is_set():
            self.run_once()
            if self._session and self._found_nothing and not self._shipping.window:
                return self._remainder(self._session)
            if self._moved:
                self._moved, moved_at = False, self._clock()
            elif self._clock() - moved_at > patience_s:
                return None
        return None

    def close(self, *, budget_s: float = 0.0) -> None:
        """End well: wait up to `budget_s` seconds for what is in flight, then let go of all."""
        deadline = self._clock() + budget_s
        try:
            if self._session:
                self._wind_down(self._session, deadline=deadline)
                self._heart.end(self._session.connection)
        except psycopg.Error as error:
            logger.warning("the relay ended without its database", extra={"error": str(error)})
        finally:
            if self._session:
                self._session.close()
            self._shipping.close()

    def _step(self, session: RelaySession) -> None:
        self._upkeep(session)
        self._shipping.renew_dead_producer()
        self._note(self._shipping.settle(session.entries))
        if self._shipping.window.has_opened():
            self._lookout.wake()
        self._note(self._exchange(session))
        if self._wait_s():  # else what was read goes to Kafka while PostgreSQL reads the next
            self._shipping.hand_over()
        self._wait(session)

    def _note(self, settled: int) -> None:
        if settled:
            self._moved = self._moved_since_beat = True

    def _exchange(self, session: RelaySession) -> int:
        shipping = self._shipping
        is_look = not self._wait_s()
        is_pure = is_look and not shipping.has_loaded
        started = self._clock()
        done = shipping.exchange(
            session.entries,
            buckets=session.locks.readable if is_look else None,
            limit=self._limit,
        )
        if is_look:
            took_s = self._clock() - started
            self._found_nothing = not done.read and not shipping.window
            self._lookout.looked(
                took_s=took_s if is_pure and not done.marked else None,
                found=done.read,
                limit=self._limit,
                is_more=done.is_more,
            )
            self._limit = READ_ENTRIES_SLOWLY if took_s > SLOW_LOOK_S else READ_ENTRIES
        return done.marked

    def _wait_s(self) -> float:
        window = self._shipping.window
        wait_s = self._lookout.wait_s(is_saturated=window.is_saturated)
        return wait_s if window.room else max(wait_s, IN_FLIGHT_WAIT_S)

    def _wait(self, session: RelaySession) -> None:
        window = self._shipping.window
        wait_s = self._wait_s()
        if window:
            self._shipping.collect(min(wait_s, IN_FLIGHT_WAIT_S))
            was_woken = session.was_woken(0.0)
        else:
            self._shipping.collect(0.0)
            was_woken = session.was_woken(min(wait_s, IDLE_WAIT_S))
        if was_woken:
            self._lookout.wake()

    def _upkeep(self, session: RelaySession) -> None:
        now = self._clock()
        if now >= self._share_at:
            has_ended = self._end_frozen(session)
            session.locks.share(busy=self._shipping.window.buckets)
            is_settled = session.locks.is_settled and not has_ended  # its locks go in a moment
            self._share_at = now + (SHARE_EVERY_S if is_settled else SHARE_AGAIN_S)
        if now >= self._beat_at:
            self._beat_at = now + self._settings.heartbeat_interval_s
            self._heart.beat(
                session.connection,
                assignment=session.locks.held,
                progressed=self._moved_since_beat,
            )
            self._moved_since_beat = False

    def _end_frozen(self, session: RelaySession) -> bool:
        stale_s = self._settings.heartbeat_stale_s
        ended = session.end_frozen(role=ROLE, stale_s=stale_s)
        for host, pid in ended:
            logger.error(
                "ended the database session of a relay that no longer beats",
                extra={"host": host, "pid": pid, "stale_s": stale_s},
            )
        return bool(ended)

    def _connected(self) -> RelaySession:
        if self._session is None:
            self._session = RelaySession(
                self._settings.relay_database_url, process=self._heart.process
            )
            self._share_at = self._beat_at = float("-inf")
            self._lookout.wake()
            # Before it holds anything: what freezes without a heartbeat is never ended.
            self._heart.beat(self._session.connection, assignment=[], progressed=False)
        if self._database_says:
            self._database_says = ""
            logger.warning("PostgreSQL answers again; the outbox is read anew")
        return self._session

    def _database_failed(self, error: psycopg.Error) -> None:
        self._reconnect_at = self._clock() + RECONNECT_S
        if self._database_says != str(error):  # a new reason is news, the same one is not
            self._database_says = str(error)
            logger.warning(
                "PostgreSQL does not answer as it should; waiting", extra={"error": str(error)}
            )
        if self._session is not None and self._session.is_lost:
            self._session.close()
            self._session = None
            self._shipping.forget()  # without the locks nothing in flight is ours any more

    def _wind_down(self, session: RelaySession, *, deadline: float) -> None:
        while self._shipping.window and self._clock() < deadline:
            self._shipping.collect(IN_FLIGHT_WAIT_S)
            self._shipping.settle(session.entries)
            self._shipping.exchange(session.entries, buckets=None, limit=0)
            if self._shipping.kafka_is_down:
                return

    def _remainder(self, session: RelaySession) -> Remainder:
        buckets = session.locks.held
        undelivered, reason = session.entries.undelivered(buckets)
        return Remainder(undelivered, self._shipping.parked, reason, len(buckets))

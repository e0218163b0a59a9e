"""Shipping: entries go to Kafka, reports come back, the outbox is told."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from events.kafka.producer import Delivered, KafkaProducer, RecordRefused, TopicUnavailable
from events.publishing.entries import Entries, Entry, Parking, Postponement
from events.publishing.records import headers_of, key_of
from events.publishing.window import Window

logger = logging.getLogger(__name__)

# Confirmed writes are marked together: so many, or what came within this time.
MARK_ENTRIES = 1_000
MARK_WITHIN_S = 0.005


@dataclass(slots=True)
class _Outcomes:
    """What Kafka said and the outbox does not know yet."""

    delivered: list[Delivered] = field(default_factory=list)
    delivered_since: float = 0.0
    postponements: list[Postponement] = field(default_factory=list)
    parkings: list[Parking] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.delivered) + len(self.postponements) + len(self.parkings)

    def add_delivered(self, delivered: Sequence[Delivered], *, now: float) -> None:
        if not self.delivered:
            self.delivered_since = now
        self.delivered += delivered


class Shipping:
    """What is on its way to Kafka, from the read to the mark.

    Everything here is memory: `forget()` it when the session that read the entries is over, and
    read them again.
    """

    def __init__(
        self,
        *,
        make_producer: Callable[[], KafkaProducer],
        make_window: Callable[[], Window],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_producer = make_producer
        self._make_window = make_window
        self._clock = clock
        self._producer = make_producer()
        self.window = make_window()
        self._outcomes = _Outcomes()
        self.parked = 0

    @property
    def kafka_is_down(self) -> bool:
        """Whether Kafka does not answer, as far as we know."""
        return self._producer.reachability.is_down

    def send(self, entries: Collection[Entry]) -> None:
        """Hand the entries to Kafka in order, as far as the window admits them.

        An entry that stays behind keeps its topic's later ones behind; it is read again.
        """
        behind: set[str] = set()
        held: set[tuple[str, str | None]] = set()
        for entry in entries:
            if entry.topic in behind or (entry.topic, entry.key) in held:
                continue
            if not self.window.admits(entry):
                behind.add(entry.topic)
                continue
            try:
                self._produce(entry)
            except BufferError:
                return  # full: what was not sent is read again after the next reports
            except RecordRefused as refusal:
                self.window.add(entry)
                self._park(entry, str(refusal))
                if entry.key is not None:
                    held.add((entry.topic, entry.key))

    def collect(self, timeout_s: float) -> None:
        """Take in what Kafka reported; waits up to `timeout_s` seconds for the first report."""
        delivered, failed = self._producer.poll(timeout_s)
        if delivered:
            self._outcomes.add_delivered(delivered, now=self._clock())
            for topic in {report.token.topic for report in delivered}:
                self.window.delivered(topic)
        for failure in failed:
            self._failed(failure.token, failure.reason, is_permanent=failure.is_permanent)
        if not self.window:
            self._producer.probe()

    def settle(self, entries: Entries) -> int:
        """Tell the outbox what failed; return how many. Raises psycopg.Error.

        What could not be told stays in the window and is told the next time.
        """
        outcomes = self._outcomes
        settled = 0
        if outcomes.postponements:
            entries.postpone(outcomes.postponements)
            settled += self.window.remove(row.sequence for row in outcomes.postponements)
            outcomes.postponements.clear()
        if outcomes.parkings:
            entries.park(outcomes.parkings)
            self.parked += len(outcomes.parkings)
            settled += self.window.remove(row.sequence for row in outcomes.parkings)
            outcomes.parkings.clear()
        return settled

    def send_and_mark(self, found: Collection[Entry], *, entries: Entries) -> int:
        """Send what was found while PostgreSQL marks what was delivered; return how many were.

        Raises psycopg.Error; what could not be marked is marked the next time.
        """
        if not self._is_time_to_mark():
            self.send(found)
            return 0
        delivered = list(self._outcomes.delivered)
        entries.mark_delivered(delivered, meanwhile=lambda: self.send(found))
        marked = self.window.remove(report.token.sequence for report in delivered)
        del self._outcomes.delivered[: len(delivered)]
        return marked

    def renew_dead_producer(self) -> None:
        """After a fatal error drop everything and go on with a new producer."""
        if self._producer.has_failed_for_good:
            logger.error("the Kafka producer failed for good; going on with a new one")
            self._producer.close()
            self._producer = self._make_producer()
            self.forget()

    def forget(self) -> None:
        """Drop everything: nothing of it will be reported or marked."""
        self._producer.forget()
        self.window = self._make_window()
        self._outcomes = _Outcomes()

    def close(self) -> None:
        """Drop everything and end the producer."""
        self._producer.close()

    def _produce(self, entry: Entry) -> None:
        if entry.event_id is None:
            raise RecordRefused("its event is gone")
        try:
            headers, key = headers_of(entry), key_of(entry)
        except (TypeError, ValueError) as error:  # a row that publish() did not write
            raise RecordRefused(f"its headers cannot be read: {error}") from error
        try:
            self._producer.produce(
                entry.topic, key=key, value=entry.value, headers=headers, token=entry
            )
        except TopicUnavailable as refusal:
            self.window.add(entry)
            self._failed(entry, str(refusal), is_permanent=False)
        else:
            self.window.add(entry)

    def _failed(self, entry: Entry, reason: str, *, is_permanent: bool) -> None:
        if not is_permanent:
            self.window.failed(entry.topic)
            self._postpone(entry, reason, delay_s=self.window.backoff_s(entry.attempts + 1))
        elif self.window.is_alone(entry):
            self._park(entry, reason)
        else:
            self.window.suspect(entry.topic)
            self._postpone(entry, reason, delay_s=0.0)

    def _postpone(self, entry: Entry, reason: str, *, delay_s: float) -> None:
        self._outcomes.postponements.append(Postponement(entry.sequence, delay_s, reason))
        logger.warning(
            "Kafka did not take an event; it is tried again",
            extra={**_named(entry), "delay_s": delay_s, "reason": reason},
        )

    def _park(self, entry: Entry, reason: str) -> None:
        self._outcomes.parkings.append(Parking(entry.sequence, reason))
        logger.error(
            "an event can never be written and is parked",
            extra={**_named(entry), "reason": reason},
        )

    def _is_time_to_mark(self) -> bool:
        outcomes = self._outcomes
        return bool(outcomes.delivered) and (
            len(outcomes.delivered) >= MARK_ENTRIES
            or len(outcomes) == len(self.window)
            or self._clock() - outcomes.delivered_since >= MARK_WITHIN_S
        )


def _named(entry: Entry) -> dict[str, object]:
    return {
        "event_id": entry.event_id,
        "type": entry.type,
        "topic": entry.topic,
        "sequence": entry.sequence,
        "attempts": entry.attempts + 1,
    }

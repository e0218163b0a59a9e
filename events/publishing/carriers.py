"""Carriers: one producer for topics that take records, one that tries the others."""

import logging
from typing import Protocol

from events.kafka.producer import Delivered, Failed, KafkaProducer
from events.kafka.reachability import Reachability
from events.publishing.entry import Entry
from events.publishing.records import headers_of, key_of

logger = logging.getLogger(__name__)

# While a topic is tried, the many of the other producer may wait for each other no longer.
TRYING_WAIT_S = 0.002


class MakeProducer(Protocol):
    """Makes one of the two producers."""

    def __call__(
        self, *, is_gapless: bool, reachability: Reachability | None = None
    ) -> KafkaProducer: ...


class Carriers:
    """Two producers, since no single one is both strict and forgiving.

    The many go by a gapless one: of what was refused, nothing behind it is written before it. The
    price is that it stops for all topics and has to be made anew. So topics that are not proven go
    by a scout, one record at a time: whatever becomes of it, the others flow.
    """

    def __init__(self, *, make_producer: MakeProducer) -> None:
        self._make_producer = make_producer
        self._many = make_producer(is_gapless=True)
        self._scout = make_producer(is_gapless=False, reachability=self._many.reachability)
        self._tried: set[int] = set()

    @property
    def kafka_is_down(self) -> bool:
        """Whether Kafka does not answer, as far as we know."""
        return self._many.reachability.is_down

    def produce(self, entry: Entry, *, is_proven: bool) -> None:
        """Queue an entry's record. Raises what KafkaProducer.produce() raises, and ValueError and
        TypeError for headers that cannot be read."""
        headers, key = headers_of(entry), key_of(entry)
        producer = self._many if is_proven else self._scout
        producer.produce(entry.topic, key=key, value=entry.value, headers=headers, token=entry)
        if not is_proven:
            self._tried.add(entry.sequence)

    def poll(self, timeout_s: float) -> tuple[list[Delivered], list[Failed]]:
        """Return what was reported; waits up to `timeout_s` seconds for the first report."""
        if not self._tried:
            return self._many.poll(timeout_s)
        tried, untaken = self._scout.poll(0.0 if len(self._many) else timeout_s)
        self._tried.difference_update(report.token.sequence for report in tried)
        self._tried.difference_update(report.token.sequence for report in untaken)
        wait_s = 0.0 if tried or untaken else min(timeout_s, TRYING_WAIT_S)
        delivered, failed = self._many.poll(wait_s if len(self._many) else 0.0)
        return delivered + tried, failed + untaken

    def probe(self) -> None:
        """Ask Kafka for a sign of life if it was down; blocks half a second at most."""
        self._many.probe()

    def renew_failed(self) -> tuple[list[Delivered], list[Failed]]:
        """Make a producer that failed for good anew; return what became of all it was given."""
        delivered: list[Delivered] = []
        failed: list[Failed] = []
        if self._many.has_failed_for_good:
            reports = self._salvaged(self._many)
            self._many = self._make_producer(is_gapless=True, reachability=self._many.reachability)
            delivered, failed = reports
        if self._scout.has_failed_for_good:
            tried, untaken = self._salvaged(self._scout)
            self._tried.clear()
            self._scout = self._make_producer(
                is_gapless=False, reachability=self._many.reachability
            )
            delivered, failed = delivered + tried, failed + untaken
        return delivered, failed

    def forget(self) -> None:
        """Drop all that is queued and in flight; nothing of it is reported any more."""
        self._tried.clear()
        self._many.forget()
        self._scout.forget()

    def close(self) -> None:
        """Drop what is left and end librdkafka's threads."""
        self._many.close()
        self._scout.close()

    def _salvaged(self, producer: KafkaProducer) -> tuple[list[Delivered], list[Failed]]:
        delivered, failed = producer.salvage()
        logger.warning(
            "a Kafka producer failed for good; going on with a new one",
            extra={"reason": producer.why_failed, "again": len(failed)},
        )
        producer.close()
        return delivered, failed

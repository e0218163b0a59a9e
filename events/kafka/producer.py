"""The Kafka producer: the only place that writes to Kafka, owned by the relay process alone."""

import logging
import os
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from events.conf import kafka_settings
from events.kafka.reachability import Reachability

logger = logging.getLogger(__name__)

DEFAULTS: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    # Never give a record up: a timeout would say "failed" of records that are written later. What
    # is in flight is bounded by the relay, and the outbox is the retry.
    "delivery.timeout.ms": 0,
    "reconnect.backoff.max.ms": 1_000,
    # The relay hands over a page at a time: what belongs together is there within a millisecond.
    # More costs every single event its whole length and moved no more of them.
    "linger.ms": 1,
    "compression.type": "zstd",
    "partitioner": "murmur2_random",  # the Java clients' own: keys keep their partitions
    "allow.auto.create.topics": False,
    "topic.metadata.propagation.max.ms": 2_000,  # an unknown topic is reported after this time
    "log_level": 2,  # errors come through error_cb, once
}
# What no second attempt can change. The broker refuses whole batches: only of a record that was
# sent alone does it speak for certain.
PERMANENT = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
    }
)
PROBE_TIMEOUT_S = 0.5

_forks = 0  # asking for the process id each time would cost more than all of produce()

_Report = tuple[Any, KafkaError | None, Message]


class Delivered(NamedTuple):
    """A confirmed write: `token` is what the caller gave to `produce`."""

    token: Any
    partition: int
    offset: int


class Failed(NamedTuple):
    """A record that Kafka did not take; it may have been written all the same."""

    token: Any
    reason: str
    is_permanent: bool


class RecordRefused(Exception):
    """The record can never be written; it did not enter the queue."""


class TopicUnavailable(Exception):
    """The topic takes no records now; this one did not enter the queue."""


class KafkaProducer:
    """Writes records and reports what became of them; one thread of one process uses it.

    librdkafka does not survive a fork: a producer that was made before one takes records and never
    sends them, so using it in another process than the one that made it raises RuntimeError.
    """

    def __init__(self, *, overrides: Mapping[str, Any] | None = None) -> None:
        settings = {**DEFAULTS, **kafka_settings("producer"), **(overrides or {})}
        self._forks = _forks
        self._reports: list[_Report] = []
        self._has_failed_for_good = False
        self.reachability = Reachability(str(settings["bootstrap.servers"]))
        self._producer = Producer({**settings, "error_cb": self._on_error})

    @property
    def has_failed_for_good(self) -> bool:
        """Whether librdkafka gave up: only a new producer can go on."""
        return self._has_failed_for_good

    def produce(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, str | bytes | None]],
        token: object,
    ) -> None:
        """Queue one record; `poll` reports its end together with `token`.

        Raises BufferError when the queue is full, RecordRefused when the record can never be
        written, TopicUnavailable when the topic takes none now.
        """
        if self._forks != _forks:
            raise RuntimeError("this producer was made before a fork and would never send")
        try:
            self._producer.produce(
                topic,
                value=value,
                key=key,
                headers=headers,
                on_delivery=partial(_note, self._reports, token),
            )
        except KafkaException as error:
            raise self._refusal(error.args[0]) from error

    def poll(self, timeout_s: float) -> tuple[list[Delivered], list[Failed]]:
        """Return what was reported; waits up to `timeout_s` seconds for the first report."""
        was_down = self.reachability.is_down
        self._producer.poll(max(timeout_s, 0.0))  # a negative one would wait for ever
        delivered: list[Delivered] = []
        failed: list[Failed] = []
        for token, error, message in self._reports:
            if error is None:
                delivered.append(Delivered(token, message.partition(), message.offset()))  # type: ignore[arg-type] # a delivered message has both
            else:
                failed.append(Failed(token, error.str(), error.code() in PERMANENT))
        self._reports.clear()
        if delivered and was_down:  # else they may be older than an error of this same poll
            self.reachability.answered()
        self.reachability.tell()
        return delivered, failed

    def probe(self) -> None:
        """Ask Kafka for a sign of life if it was down; blocks half a second at most."""
        if not self.reachability.wants_probe():
            return
        try:
            self._producer.list_topics(timeout=PROBE_TIMEOUT_S)
        except KafkaException:
            return
        self.reachability.answered()

    def forget(self) -> None:
        """Drop all that is queued and in flight; nothing of it is reported any more.

        Records that are already on their way may still be written.
        """
        self._reports = []  # callbacks of before hold the old list
        self._producer.purge(in_queue=True, in_flight=True, blocking=True)
        self._producer.poll(0)

    def close(self) -> None:
        """Drop what is left and end librdkafka's threads."""
        self.forget()
        self._producer.flush(PROBE_TIMEOUT_S)

    def _refusal(self, error: KafkaError) -> Exception:
        if error.code() in PERMANENT:
            return RecordRefused(error.str())
        if error.code() == KafkaError._FATAL:
            self._has_failed_for_good = True
            return BufferError(error.str())
        return TopicUnavailable(error.str())

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._has_failed_for_good = True
        else:
            self.reachability.on_error(error)


def _note(reports: list[_Report], token: Any, error: KafkaError | None, message: Message) -> None:
    reports.append((token, error, message))


def _forked() -> None:
    global _forks  # noqa: PLW0603 - a fact about the process
    _forks += 1


os.register_at_fork(after_in_child=_forked)

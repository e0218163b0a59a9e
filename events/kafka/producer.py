"""The Kafka producer: the only place that writes to Kafka, owned by the relay process alone."""

import logging
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from events.conf import kafka_settings
from events.kafka.reachability import Reachability
from events.kafka.verdicts import Verdict, verdict_of

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
# Once a batch is refused the producer sends nothing more: else what stands behind it in the queue
# would be written before it. One request at a time: a broker that does not know the producer yet
# takes the second one when it has refused the first.
GAPLESS: dict[str, Any] = {
    "enable.gapless.guarantee": True,
    "max.in.flight.requests.per.connection": 1,
}
PROBE_TIMEOUT_S = 0.5
SALVAGE_TIMEOUT_S = 1.0

_forks = 0  # asking for the process id each time would cost more than all of produce()

_Report = tuple[Any, KafkaError | None, Message]


class Delivered(NamedTuple):
    """A confirmed write: `token` is what the caller gave to `produce`."""

    token: Any
    partition: int
    offset: int


class Failed(NamedTuple):
    """A record that was not confirmed; it may have been written all the same."""

    token: Any
    reason: str
    verdict: Verdict


class RecordRefused(Exception):
    """The record can never be written; it did not enter the queue."""


class TopicUnavailable(Exception):
    """The topic takes no records now; this one did not enter the queue."""


class KafkaProducer:
    """Writes records and reports what became of them; one thread of one process uses it.

    librdkafka does not survive a fork: a producer that was made before one takes records and never
    sends them, so using it in another process than the one that made it raises RuntimeError.
    """

    def __init__(
        self,
        *,
        is_gapless: bool = False,
        reachability: Reachability | None = None,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a producer; a gapless one fails for good when one of its batches is refused."""
        own = GAPLESS if is_gapless else {}
        settings = {**DEFAULTS, **kafka_settings("producer"), **own, **(overrides or {})}
        self._forks = _forks
        self._reports: list[_Report] = []
        self._has_failed_for_good = False
        self._why_failed = ""
        self.reachability = reachability or Reachability(str(settings["bootstrap.servers"]))
        self._producer = Producer({**settings, "error_cb": self._on_error})

    def __len__(self) -> int:
        """How many records are queued or in flight, or not told by `poll` yet."""
        return len(self._producer)

    @property
    def has_failed_for_good(self) -> bool:
        """Whether librdkafka gave up: only a new producer can go on."""
        return self._has_failed_for_good

    @property
    def why_failed(self) -> str:
        """What made it fail for good, as librdkafka says it."""
        return self._why_failed

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
        self._serve(lambda: self._producer.poll(max(timeout_s, 0.0)))  # negative: for ever
        delivered, failed = self._told()
        if delivered and was_down:  # else they may be older than an error of this same poll
            self.reachability.answered()
        self.reachability.tell()
        return delivered, failed

    def salvage(self) -> tuple[list[Delivered], list[Failed]]:
        """Stop sending and return what became of everything queued or in flight.

        Waits a second at most for what is in flight; what is not known then is UNSAID.
        """
        self._producer.purge(in_queue=True, in_flight=False, blocking=True)
        self._serve(lambda: self._producer.flush(SALVAGE_TIMEOUT_S))
        self._producer.purge(in_queue=True, in_flight=True, blocking=True)
        self._serve(lambda: self._producer.flush(SALVAGE_TIMEOUT_S))
        return self._told()

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
        self._serve(lambda: self._producer.poll(0))

    def close(self) -> None:
        """Drop what is left and end librdkafka's threads."""
        self.forget()
        self._serve(lambda: self._producer.flush(PROBE_TIMEOUT_S))

    def _serve(self, call: Callable[[], object]) -> None:
        try:
            call()
        except KafkaException as error:  # a fatal error comes out of the call that meets it
            self._on_error(error.args[0])
            if not self._has_failed_for_good:
                raise

    def _told(self) -> tuple[list[Delivered], list[Failed]]:
        delivered: list[Delivered] = []
        failed: list[Failed] = []
        for token, error, message in self._reports:
            if error is None:
                delivered.append(Delivered(token, message.partition(), message.offset()))  # type: ignore[arg-type] # a delivered message has both
            else:
                failed.append(Failed(token, error.str(), verdict_of(error)))
        self._reports.clear()
        return delivered, failed

    def _refusal(self, error: KafkaError) -> Exception:
        verdict = verdict_of(error)
        if verdict is Verdict.NEVER:
            return RecordRefused(error.str())
        if verdict is Verdict.UNSAID:
            self._fail_for_good(error)
            return BufferError(error.str())
        return TopicUnavailable(error.str())

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._fail_for_good(error)
        else:
            self.reachability.on_error(error)

    def _fail_for_good(self, error: KafkaError) -> None:
        self._has_failed_for_good = True
        self._why_failed = self._why_failed or error.str()


def _note(reports: list[_Report], token: Any, error: KafkaError | None, message: Message) -> None:
    reports.append((token, error, message))


def _forked() -> None:
    global _forks  # noqa: PLW0603 - a fact about the process
    _forks += 1


os.register_at_fork(after_in_child=_forked)

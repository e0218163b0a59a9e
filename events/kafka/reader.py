"""The reader: partitions read from an offset to another, beside their group and unseen by it."""

import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from events.kafka.consumer_errors import passes
from events.kafka.consumer_settings import consumer_settings
from events.kafka.reachability import PROBE_S, Reachability
from events.kafka.record import Partition, Record, record_of

# A replay reads through: it may fetch more ahead than a consumer that shares its machine.
_SETTINGS: dict[str, Any] = {
    "enable.partition.eof": True,
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 8_192,
    "fetch.message.max.bytes": 524_288,
}
_GONE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})
_ASK_S = 1.0
_QUIET_S = 2.0  # without a message; then topics are looked for


class KafkaReader:
    """Reads each partition from its first offset to before its last one; commits nothing.

    It assigns partitions to itself and joins no group, so that no member of any notices. One
    thread. `reached` says, for each partition, up to which offset Kafka was looked at: what lies
    before it and was not returned is not there.
    """

    def __init__(self, ranges: Mapping[Partition, tuple[int, int]], *, name: str) -> None:
        settings = consumer_settings(name, overrides=_SETTINGS)
        self.reachability = Reachability(str(settings["bootstrap.servers"]))
        self._consumer = Consumer(settings | {"error_cb": self.reachability.on_error})
        self._ends = {where: end for where, (_, end) in ranges.items()}
        self.reached = {where: first for where, (first, _) in ranges.items()}
        self._unsure: dict[Partition, int | None] = {}  # an end's offset; None: an offset is gone
        self._look_at = time.monotonic() + _QUIET_S
        self._missing: set[str] = set()  # topics that were not there at the last look
        self._reading = {where for where, (first, end) in ranges.items() if first < end}
        if self._reading:
            self._consumer.incremental_assign(
                [TopicPartition(*where, self.reached[where]) for where in sorted(self._reading)]
            )

    @property
    def reading(self) -> frozenset[Partition]:
        """The partitions that are not read to their end."""
        return frozenset(self._reading)

    def fetch(self, max_messages: int, *, timeout_s: float) -> list[Record]:
        """Return what is there, at most `max_messages`; waits up to `timeout_s` for the first.

        Raises KafkaException on an error that does not pass.
        """
        first = self._consumer.poll(timeout_s)
        messages = [] if first is None else [first]
        if first is not None and max_messages > 1:
            # Never with a timeout: it would wait for all of them.
            messages += self._consumer.consume(max_messages - 1, 0)
        records = [record for each in messages if (record := self._record(each)) is not None]
        self._make_sure()
        self._look_for_topics(is_quiet=not messages)
        self._leave_finished()
        self.reachability.watch(self._consumer)
        return records

    def pause(self, partitions: Collection[Partition]) -> None:
        """Fetch no more of these; drops what was fetched ahead, which comes again."""
        self._consumer.pause(self._ours(partitions))

    def resume(self, partitions: Collection[Partition]) -> None:
        """Fetch them again."""
        self._consumer.resume(self._ours(partitions))

    def close(self) -> None:
        """End; there is no group to leave."""
        self._consumer.close()

    def _record(self, message: Any) -> Record | None:
        where = (message.topic(), message.partition())
        if (error := message.error()) is not None:
            self._note(error, where, message.offset())
            return None
        offset = message.offset()
        if where not in self._reading or offset < self.reached[where]:
            return None  # fetched before it was left, or for a second time
        if offset >= self._ends[where]:
            self.reached[where] = self._ends[where]
            return None
        self.reached[where] = offset + 1
        return record_of(message)

    def _note(self, error: KafkaError, where: Partition, at: int | None) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self._unsure[where] = at
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._unsure[where] = None
        elif error.fatal() or not passes(error):
            raise KafkaException(error)
        else:
            self.reachability.on_error(error)

    def _make_sure(self) -> None:
        """Find out what is behind an end, or where an offset is gone; asks again if need be."""
        for where, at in list(self._unsure.items()):
            if where not in self._reading or (at is not None and at >= self._ends[where]):
                bounds: tuple[int, int] | None = (0, at or 0)
            else:
                bounds = self._bounds(where)
            if bounds is not None:
                del self._unsure[where]
                if where in self._reading:
                    self._go_on(where, at, *bounds)

    def _go_on(self, where: Partition, at: int | None, first: int, end: int) -> None:
        to, reached = self._ends[where], self.reached[where]
        if at is not None and at < to <= end:
            return  # the end that a fetch saw was not the last one
        if at is not None or end < reached:
            # All there is was read; short of the range, the rest of it was cut off, or the topic
            # was made anew.
            self.reached[where] = to
            return
        # What lay at our offset was removed: go on at the first message there is.
        self.reached[where] = min(max(first, reached), to)
        self._consumer.incremental_unassign([TopicPartition(*where)])
        self._consumer.incremental_assign([TopicPartition(*where, self.reached[where])])

    def _bounds(self, where: Partition) -> tuple[int, int] | None:
        try:
            found = self._consumer.get_watermark_offsets(TopicPartition(*where), timeout=_ASK_S)
        except KafkaException:
            return None  # asked again with the next fetch
        return found

    def _look_for_topics(self, *, is_quiet: bool) -> None:
        """Leave what was deleted: nothing more can come of it, and nothing else may tell.

        A broker that starts anew may not know a topic yet: it has to be missing twice.
        """
        now = time.monotonic()
        if not is_quiet:
            self._look_at, self._missing = now + _QUIET_S, set()
        if now < self._look_at:
            return
        topics = {each[0] for each in self._reading}
        missing = set()
        with suppress(KafkaException):  # away: one question is enough
            missing = {topic for topic in topics if self._is_gone(topic)}
        for where in self._reading:
            if where[0] in missing & self._missing:
                self.reached[where] = self._ends[where]
        self._look_at, self._missing = time.monotonic() + _QUIET_S, missing

    def _is_gone(self, topic: str) -> bool:
        found = self._consumer.list_topics(topic, timeout=PROBE_S).topics.get(topic)
        return found is not None and found.error is not None and found.error.code() in _GONE

    def _leave_finished(self) -> None:
        finished = {each for each in self._reading if self.reached[each] >= self._ends[each]}
        if finished:
            self._consumer.incremental_unassign(self._ours(finished))
            self._reading -= finished

    def _ours(self, partitions: Collection[Partition]) -> list[TopicPartition]:
        return [TopicPartition(*each) for each in partitions if each in self._reading]

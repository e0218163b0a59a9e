"""The Kafka consumer of one group member: one thread polls it, its callbacks only set flags."""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from events.event import Position
from events.kafka.commits import Commits
from events.kafka.consumer_errors import passes
from events.kafka.consumer_settings import consumer_settings
from events.kafka.leaving import leave
from events.kafka.reachability import Reachability
from events.kafka.record import Partition, Record, record_of

logger = logging.getLogger(__name__)

OnAssign = Callable[[frozenset[Partition]], frozenset[Partition]]
OnRevoke = Callable[[frozenset[Partition], bool], None]


class KafkaConsumer:
    """Fetches records and commits offsets; only the thread that made it may touch it.

    Both hooks run inside `fetch`. `on_assign(partitions)` says which of them begin paused.
    `on_revoke(partitions, lost)` comes before they go away: it may wait (bounded) and commit. An
    exception in a callback is kept and raised by `fetch`: librdkafka would drop the fetched
    messages with it, so the process has to end and the restart goes on from the committed offsets.
    """

    def __init__(
        self,
        *,
        group: str,
        topics: Sequence[str],
        on_revoke: OnRevoke,
        on_assign: OnAssign = lambda _: frozenset(),
        from_beginning: bool = False,
        report_end: bool = False,
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        settings = consumer_settings(group, overrides=overrides or {})
        self._on_assign_hook = on_assign
        self._on_revoke_hook = on_revoke
        self._from_beginning = from_beginning
        self._began: dict[Partition, int] = {}  # of all that were ours at any time
        self._gone_meanwhile: set[Partition] = set()
        self._lost: dict[Partition, int | None] = {}
        self.is_incremental = settings.get("group.protocol") == "consumer" or (
            "cooperative" in str(settings.get("partition.assignment.strategy", ""))
        )
        self._callback_error: Exception | None = None
        self._is_closing = False
        self.assignment: frozenset[Partition] = frozenset()
        self.was_assigned = False
        self.at_end: set[Partition] = set()
        self.commits = Commits()
        self.reachability = Reachability(str(settings["bootstrap.servers"]))
        self._consumer = Consumer(
            settings
            | {
                "enable.partition.eof": report_end,
                "error_cb": self.reachability.on_error,
                "on_commit": self.commits.answered,
            }
        )
        self._consumer.subscribe(
            list(topics),
            on_assign=self._on_assign,
            on_revoke=lambda _, gone: self._on_gone(gone, lost=False),
            on_lost=lambda _, gone: self._on_gone(gone, lost=True),
        )

    def fetch(self, max_messages: int, *, timeout_s: float) -> list[Record]:
        """Return what is there, at most `max_messages`; waits up to `timeout_s` for the first.

        Raises KafkaException on a fatal error, and what a callback raised.
        """
        first = self._consumer.poll(max(timeout_s, 0.0))  # a negative one would wait for ever
        messages = [] if first is None else [first]
        self._gone_meanwhile.clear()
        if first is not None and max_messages > 1:
            # Never with a timeout: it would wait for all of them.
            messages += self._consumer.consume(max_messages - 1, 0)
        if self._callback_error is not None:
            raise self._callback_error
        found = [record for message in messages if (record := self._record(message))]
        records = self._still_ours(found)
        self.reachability.watch(self._consumer)
        return records

    def _still_ours(self, records: list[Record]) -> list[Record]:
        """Leave out what was fetched before its partition was revoked, within the same call."""
        if not self._gone_meanwhile:
            return records
        if self._gone_meanwhile & self.assignment:
            # Old and new messages of it cannot be told apart: the committed offsets can.
            raise KafkaException(KafkaError(KafkaError._STATE, "a partition left and came back"))
        return [each for each in records if each.where not in self._gone_meanwhile]

    def pause(self, partitions: Collection[Partition]) -> None:
        """Stop fetching from `partitions`, where assigned; drops what was prefetched."""
        self._apply(self._consumer.pause, partitions)

    def resume(self, partitions: Collection[Partition]) -> None:
        """Fetch again from `partitions`, where assigned."""
        self._apply(self._consumer.resume, partitions)

    def take_lost(self) -> dict[Partition, int | None]:
        """Return partitions that Kafka has nothing for where the group is, and where that is.

        None: it has no committed offset. They stand still until they are assigned anew.
        """
        lost, self._lost = self._lost, {}
        return lost

    def rewind(self, position: Position) -> bool:
        """Fetch next what lies at `position`, if its partition is still ours; else False.

        Also False if Kafka has lost its place: then `assign_anew` it.
        """
        if (position.topic, position.partition) not in self.assignment:
            return False
        self.at_end.discard((position.topic, position.partition))
        try:
            self._consumer.seek(TopicPartition(*position))
        except KafkaException:  # or taken away meanwhile: its next owner starts there
            return False
        return True

    def assign_anew(self, offsets: Mapping[Partition, int | None]) -> bool:
        """Fetch next at these offsets (None: where it began), whatever went on before.

        All of ours have to be given unless the protocol is incremental. Pauses stay. Returns
        False if it has to be done again later.
        """
        positions = [
            TopicPartition(t, p, self._began[t, p] if at is None else at)
            for (t, p), at in offsets.items()
            if (t, p) in self.assignment
        ]
        self.at_end -= offsets.keys()
        try:
            if self.is_incremental:
                with suppress(KafkaException):  # an earlier try came as far as this
                    self._consumer.incremental_unassign(positions)
                self._consumer.incremental_assign(positions)
            else:
                self._consumer.assign(positions)
        except KafkaException:
            return False
        return True

    def commit(self, offsets: Mapping[Partition, int], *, wait: bool) -> None:
        """Commit these offsets (of the next message to read); never raises.

        What is refused (Kafka is away, or the partition is another's now) is in `commits`.
        """
        if offsets:
            self.commits.send(self._consumer, offsets, wait=wait)

    def settle_commits(self, *, timeout_s: float) -> None:
        """Wait, at most so long, for Kafka's word on all commits; what is fetched is dropped."""
        deadline = time.monotonic() + timeout_s
        while self.commits.in_flight and time.monotonic() < deadline:
            self._consumer.poll(0.05)

    def close(self, *, timeout_s: float) -> bool:
        """Leave the group; returns False if that takes longer than `timeout_s`."""
        self._is_closing = True
        return leave(self._consumer, holds_partitions=bool(self.assignment), timeout_s=timeout_s)

    def _record(self, message: Any) -> Record | None:
        error = message.error()
        topic, partition = message.topic(), message.partition()
        if error is not None:
            self._note(error, topic, partition, message.offset())
            return None
        if self.at_end:
            self.at_end.discard((topic, partition))
        return record_of(message)

    def _note(self, error: KafkaError, topic: str, partition: int, at: int | None = None) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self.at_end.add((topic, partition))
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            self._lost[topic, partition] = None if at is None or at < 0 else at
        elif error.code() == KafkaError._MAX_POLL_EXCEEDED:
            logger.error("The group gave our partitions away: polling stopped for too long")
        elif error.fatal() or not passes(error):
            raise KafkaException(error)
        else:
            self.reachability.on_error(error)

    def _apply(
        self, change: Callable[[list[TopicPartition]], object], partitions: Collection[Partition]
    ) -> None:
        ours = [TopicPartition(t, p) for t, p in partitions if (t, p) in self.assignment]
        if ours:
            with suppress(KafkaException):  # a partition went away between the check and the call
                change(ours)

    def _on_assign(self, consumer: Consumer, new: list[TopicPartition]) -> None:
        try:
            fresh = {(each.topic, each.partition) for each in new}
            if self._from_beginning:
                for each in new:
                    if (each.topic, each.partition) not in self._began:
                        each.offset = OFFSET_BEGINNING
            self._began.update({(each.topic, each.partition): each.offset for each in new})
            self.assignment |= fresh
            self.at_end -= fresh
            self.was_assigned = True
            self.reachability.answered()
            assign = consumer.incremental_assign if self.is_incremental else consumer.assign
            assign(new)
            paused = self._on_assign_hook(frozenset(fresh))
            self.pause(paused)
            # librdkafka remembers a pause from before the partition left; nobody else does.
            self.resume(fresh - paused)
        except Exception as error:  # noqa: BLE001 - kept for fetch() to raise
            self._callback_error = error

    def _on_gone(self, gone: list[TopicPartition], *, lost: bool) -> None:
        try:
            partitions = frozenset((each.topic, each.partition) for each in gone)
            if not self._is_closing:
                self._on_revoke_hook(partitions, lost)
            self.assignment -= partitions
            self._gone_meanwhile |= partitions
            self.at_end -= partitions
            for each in partitions:
                self._lost.pop(each, None)
        except Exception as error:  # noqa: BLE001 - kept for fetch() to raise
            self._callback_error = error

"""Consumer groups on the broker: where they stand, and their offsets changed from outside."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from datetime import datetime
from typing import Any, TypeVar

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from events.conf import kafka_settings
from events.errors import GroupInUse, KafkaRefused, ServiceUnavailable, WaybillError
from events.kafka.admin import AWAY
from events.kafka.committed import committed_offsets
from events.kafka.record import Partition
from events.kafka.standing import GroupStanding, Member, PartitionStanding

T = TypeVar("T")

_Spec: Any = OffsetSpec  # the client declares no types for it
UNKNOWN_GROUP = "dead"  # Kafka's own word for a group it does not know
_IN_USE = frozenset(
    {
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.NON_EMPTY_GROUP,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.FENCED_MEMBER_EPOCH,
        KafkaError.STALE_MEMBER_EPOCH,
    }
)
# Where the first group is only coming to be, or a broker has just started.
_NOT_NOW = frozenset(
    {
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_COORDINATOR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError._WAIT_COORD,
    }
)

# One for each process: it does not survive a fork, and one that is collected takes its unfinished
# futures with it.
_clients: dict[tuple[Any, ...], AdminClient] = {}
_making = threading.Lock()
_ASK_AGAIN_S = 0.2
_pause = threading.Event()  # never set


class _NotNow(ServiceUnavailable):
    """The group's coordinator is being made, or moves to another broker."""


class _UnknownGroup(KafkaRefused):
    """Nobody ever was a member of the group, or long ago."""


class KafkaGroups:
    """The broker's consumer groups. Every answer is waited for at most `timeout_s` seconds.

    Raises ServiceUnavailable when Kafka does not answer, KafkaRefused when it refuses.
    """

    def __init__(self, *, timeout_s: float = 8.0) -> None:
        self._timeout_s = timeout_s

    def standing(self, group: str, topics: Iterable[str]) -> GroupStanding:
        """Return where the group stands in these topics, whether or not a member lives."""
        where = self._partitions(topics)
        committed = self._committed(group, where)
        first = self._offsets(where, _Spec.earliest())
        end = self._offsets(where, _Spec.latest())
        state, members = self._members(group)
        return GroupStanding(
            state=state,
            members=members,
            partitions=tuple(
                PartitionStanding(
                    topic=each.topic,
                    partition=each.partition,
                    committed=committed.get(_where(each)),
                    first=first[_where(each)],
                    end=end[_where(each)],
                )
                for each in where
            ),
        )

    def offsets_at(
        self, topics: Iterable[str], timestamp: datetime
    ) -> dict[Partition, int | None]:
        """Return, for each partition, the offset of the first message at or after `timestamp`.

        None where there is no such message. The times are those of the messages.
        """
        spec = _Spec.for_timestamp(max(0, round(timestamp.timestamp() * 1000)))
        found = self._offsets(self._partitions(topics), spec)
        return {where: offset if offset >= 0 else None for where, offset in found.items()}

    def alter(self, group: str, offsets: Mapping[Partition, int]) -> None:
        """Set the offsets of the next messages to read; raises GroupInUse if a member lives."""
        wanted = [TopicPartition(topic, p, offset) for (topic, p), offset in offsets.items()]
        asked = ConsumerGroupTopicPartitions(group, wanted)
        answer = self._answer(
            lambda: self._client.alter_consumer_group_offsets([asked], **self._patience)[group]
        )
        for each in answer.topic_partitions:
            if each.error is not None:
                raise _as_ours(each.error)

    @property
    def _client(self) -> AdminClient:
        settings: dict[str, Any] = {**kafka_settings("admin"), "log_level": 2}
        key = (os.getpid(), *sorted(settings.items()))
        with _making:
            if key not in _clients:
                _clients[key] = AdminClient(settings)
            return _clients[key]

    @property
    def _patience(self) -> dict[str, float]:
        return {"request_timeout": self._timeout_s}

    def _partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        try:
            existing = self._client.list_topics(timeout=self._timeout_s).topics
        except KafkaException as error:
            raise _as_ours(error.args[0]) from error
        return [
            TopicPartition(name, number)
            for name in sorted(set(topics) & set(existing))
            for number in sorted(existing[name].partitions)
        ]

    def _offsets(self, where: list[TopicPartition], spec: OffsetSpec) -> dict[Partition, int]:
        if not where:
            return {}
        futures = self._client.list_offsets(
            dict.fromkeys(where, spec),
            # What a consumer may read: messages of open transactions lie beyond its end.
            isolation_level=IsolationLevel.READ_COMMITTED,
            **self._patience,
        )
        return {_where(each): self._result(future).offset for each, future in futures.items()}

    def _committed(self, group: str, where: list[TopicPartition]) -> dict[Partition, int]:
        def ask() -> dict[Partition, int]:
            try:
                return committed_offsets(group, [*map(_where, where)], timeout_s=self._timeout_s)
            except KafkaException as error:
                raise _as_ours(error.args[0]) from error

        return self._once_there_is_one(ask)

    def _members(self, group: str) -> tuple[str, tuple[Member, ...]]:
        try:
            found = self._answer(
                lambda: self._client.describe_consumer_groups([group], **self._patience)[group]
            )
        except _UnknownGroup:
            return UNKNOWN_GROUP, ()
        members = (
            Member(
                client_id=each.client_id,
                host=each.host.removeprefix("/"),
                partitions=frozenset(map(_where, each.assignment.topic_partitions)),
            )
            for each in found.members
        )
        return found.state.name.lower(), tuple(members)

    def _answer(self, ask: Callable[[], "Future[Any]"]) -> Any:
        return self._once_there_is_one(lambda: self._result(ask()))

    def _once_there_is_one(self, ask: Callable[[], T]) -> T:
        """Return what the group's coordinator answers, asked again while there is none yet."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                return ask()
            except _NotNow:
                if time.monotonic() > deadline:
                    raise
            _pause.wait(_ASK_AGAIN_S)

    def _result(self, future: "Future[Any]") -> Any:
        try:
            return future.result(self._timeout_s + 1)
        except KafkaException as error:
            raise _as_ours(error.args[0]) from error
        except TimeoutError as error:
            raise ServiceUnavailable("Kafka", "no answer in time") from error


def _where(each: TopicPartition) -> Partition:
    return each.topic, each.partition


def _as_ours(error: KafkaError) -> WaybillError:
    code, said = error.code(), error.str()
    if code in AWAY:
        return ServiceUnavailable("Kafka", said)
    if code in _NOT_NOW:
        return _NotNow("Kafka", error.name())
    if code == KafkaError.GROUP_ID_NOT_FOUND:
        return _UnknownGroup(said)
    return GroupInUse(said) if code in _IN_USE else KafkaRefused(said)

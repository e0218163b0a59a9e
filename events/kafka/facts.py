"""Facts: what Kafka knows of topics and groups, asked without waiting for the answer."""

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from events.conf import kafka_settings
from events.kafka.committed import committed_later
from events.kafka.record import Partition

T = TypeVar("T")
Tell = Callable[[], None]
SPEC: Any = OffsetSpec  # it says nothing of its types


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicFacts:
    """Kafka's id of a topic (KIP-516; empty where it has none) and how many partitions it has."""

    topic_id: str
    partitions: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The first message there is in a partition, and the offset the next one will get."""

    first: int
    end: int


class Inquiry(Generic[T]):
    """A question on its way: look at `is_done` now and then, and take the answer once it is."""

    def __init__(
        self, futures: Iterable[Future[Any]], *, read: Callable[[], T], tell: Tell | None = None
    ) -> None:
        self._futures = list(futures)
        self._read = read
        for future in self._futures:
            future.add_done_callback(lambda _: self.is_done and tell and tell())

    @property
    def is_done(self) -> bool:
        """Whether the answer is there; a question is given up after the client's time limit."""
        return all(future.done() for future in self._futures)

    def answer(self) -> T:
        """Return what Kafka told; what it refused or did not tell in time is left out."""
        return self._read()


class KafkaFacts:
    """Asks with a client of its own, made at the first question; used by one thread.

    `tell` is called from a thread of Kafka's client when an answer is there.
    """

    def __init__(self, *, tell: Tell, timeout_s: float = 5.0) -> None:
        self._tell = tell
        self._timeout_s = timeout_s
        self._made: AdminClient | None = None

    def topics(self, names: Collection[str]) -> Inquiry[dict[str, TopicFacts]]:
        """Ask for the ids and sizes of these topics."""
        futures = self._client.describe_topics(
            TopicCollection(list(names)), request_timeout=self._timeout_s
        )

        def read() -> dict[str, TopicFacts]:
            return {
                name: TopicFacts(
                    topic_id=str(found.topic_id or ""), partitions=len(found.partitions)
                )
                for name, found in _told(futures).items()
            }

        return Inquiry(futures.values(), read=read, tell=self._tell)

    def bounds(self, partitions: Collection[Partition]) -> Inquiry[dict[Partition, Bounds]]:
        """Ask for the first and the next offset of these partitions."""
        firsts = self._offsets(partitions, SPEC.earliest())
        ends = self._offsets(partitions, SPEC.latest())

        def read() -> dict[Partition, Bounds]:
            first, end = _told(firsts), _told(ends)
            return {
                partition: Bounds(first=first[partition].offset, end=end[partition].offset)
                for partition in first.keys() & end.keys()
            }

        return Inquiry([*firsts.values(), *ends.values()], read=read, tell=self._tell)

    def committed(
        self, group: str, partitions: Collection[Partition]
    ) -> Inquiry[dict[Partition, int]]:
        """Ask for the offsets that the group committed; partitions without one are left out."""
        future = committed_later(group, partitions, timeout_s=self._timeout_s)
        return Inquiry(
            [future], read=lambda: _told({group: future}).get(group, {}), tell=self._tell
        )

    def _offsets(
        self, partitions: Collection[Partition], which: Any
    ) -> dict[Partition, Future[Any]]:
        asked = {TopicPartition(topic, number): which for topic, number in partitions}
        futures = self._client.list_offsets(asked, request_timeout=self._timeout_s)
        return {(each.topic, each.partition): future for each, future in futures.items()}

    @property
    def _client(self) -> AdminClient:
        if self._made is None:
            # Kept: a client that is collected takes its unfinished futures with it.
            self._made = AdminClient({**kafka_settings("admin"), "log_level": 2})
        return self._made


def _told(futures: Mapping[Any, Future[Any]]) -> dict[Any, Any]:
    answers = {}
    for asked, future in futures.items():
        try:
            answers[asked] = future.result(0)
        except KafkaException:
            continue  # asked again later
    return answers

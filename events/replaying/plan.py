"""The plan: a request resolved to offsets of each partition, with one look at Kafka."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from events.errors import ReplayRefused
from events.kafka.record import Partition
from events.kafka.standing import PartitionStanding
from events.replaying.removed import first_published, is_known_below, partitions_gone
from events.replaying.request import All, Offsets, ReplayRequest, Times

if TYPE_CHECKING:  # a web process loads Kafka's client only when it asks something of it
    from events.kafka.groups import KafkaGroups

Bounds = tuple[int | None, int | None]
Found = Mapping[Partition, int | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedPartition:
    """What is read of one partition: the offsets from `from_` on, before `to`.

    `first` is the first message that Kafka had, `end` its end, `committed` where the group was
    (None: nowhere). `wanted` is where the request would have ended without the group's own work.
    """

    topic: str
    partition: int
    from_: int
    to: int
    first: int
    end: int
    committed: int | None
    wanted: int | None = None

    @property
    def messages(self) -> int:
        """How many offsets are read from Kafka."""
        return max(0, self.to - max(self.from_, self.first))

    @property
    def removed(self) -> int:
        """How many offsets Kafka no longer has."""
        return max(0, min(self.to, self.first) - self.from_)

    @property
    def beyond(self) -> int:
        """How many offsets are left to the group, which has yet to come to them."""
        return max(0, (self.wanted or 0) - self.to)

    def stored(self) -> dict[str, Any]:
        """Return it as Replay.plan has it."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "from": self.from_,
            "to": self.to,
            "first": self.first,
            "end": self.end,
            "committed": self.committed,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return one from an entry of Replay.plan."""
        facts = dict(stored)
        return cls(from_=facts.pop("from"), **facts)


def resolved(request: ReplayRequest, kafka: "KafkaGroups") -> tuple[PlannedPartition, ...]:
    """Return which offsets are read of each partition of `request.topics`, by name and number.

    It begins with the first message that was asked for, even if Kafka removed it, and ends before
    the last one, at the end of the partition, or where the group is: what lies behind that is the
    group's own to do. Messages are chosen by their own times; removed ones by the times at which
    they were published. Bounds for single partitions, and no others, choose those partitions.

    Raises ReplayRefused for a topic or partition that is not on Kafka (with `from_archive`: nor in
    the publications), and ServiceUnavailable if Kafka is away.
    """
    there = kafka.standing(request.group, request.topics).partitions
    missing = sorted(set(request.topics) - {each.topic for each in there})
    gone = [each for topic in missing for each in _gone(topic, request)]
    range_ = _Resolved(request, kafka)
    chosen = [each for each in (*there, *gone) if range_.holds(_where(each))]
    _check_named(request.range, chosen, topics=request.topics)
    return tuple(_planned(each, range_.bounds(each)) for each in sorted(chosen, key=_where))


def _gone(topic: str, request: ReplayRequest) -> Iterator[PartitionStanding]:
    found = list(partitions_gone(topic)) if request.from_archive else []
    if found:
        return iter(found)
    told = f"not on Kafka: {topic}. manage.py synctopics --apply makes it"
    if request.from_archive:
        raise ReplayRefused(f"{told}; nothing that was published to it is stored, either")
    raise ReplayRefused(f"{told}. What was published to it can be replayed from the archive")


class _Resolved:
    """The range of a request, as offsets."""

    def __init__(self, request: ReplayRequest, kafka: "KafkaGroups") -> None:
        self._range = request.range
        self._start: Found = {}
        self._before: Found = {}
        if isinstance(self._range, Times):
            self._start = _at(kafka, request.topics, self._range.start)
            self._before = _at(kafka, request.topics, self._range.before)

    def holds(self, where: Partition) -> bool:
        """Whether anything of the partition was asked for."""
        match self._range:
            case Offsets(partition=int(number), by_partition=own):
                return where[1] == number or where in (own or {})
            case Offsets(first=None, before=None, by_partition=own) if own:
                return where in own
            case _:
                return True

    def bounds(self, each: PartitionStanding) -> tuple[int, int]:
        """Return the offsets that were asked for; the second is behind the last one."""
        match self._range:
            case Offsets(first=low, before=high, by_partition=own):
                low, high = (own or {}).get(_where(each), (low, high))
            case Times() as times:
                low, high = self._of_times(each, times)
            case All():
                low = high = None
        return (_beginning(each) if low is None else low), (each.end if high is None else high)

    def _of_times(self, each: PartitionStanding, times: Times) -> Bounds:
        return (
            _offset_of(times.start, each, self._start),
            _offset_of(times.before, each, self._before),
        )


def _at(kafka: "KafkaGroups", topics: Iterable[str], moment: datetime | None) -> Found:
    return {} if moment is None else kafka.offsets_at(topics, moment)


def _offset_of(moment: datetime | None, each: PartitionStanding, found: Found) -> int | None:
    """Return the first offset at or after the moment; one that Kafka removed, if it was there."""
    if moment is None:
        return None
    offset = found.get(_where(each))
    offset = each.end if offset is None else offset
    if offset > each.first:
        return offset
    removed = first_published(_where(each), moment, below=each.first)
    return offset if removed is None else removed


def _beginning(each: PartitionStanding) -> int:
    """Return the first offset there ever was, if anything is known of what Kafka removed."""
    return 0 if is_known_below(_where(each), each.first) else each.first


def _planned(each: PartitionStanding, bounds: tuple[int, int]) -> PlannedPartition:
    from_ = min(bounds[0], each.end)
    wanted = max(from_, min(bounds[1], each.end))
    to = wanted if each.committed is None else max(from_, min(wanted, each.committed))
    return PlannedPartition(
        topic=each.topic,
        partition=each.partition,
        from_=from_,
        to=to,
        first=each.first,
        end=each.end,
        committed=each.committed,
        wanted=wanted,
    )


def _check_named(
    range_: All | Offsets | Times, chosen: Iterable[PartitionStanding], *, topics: Iterable[str]
) -> None:
    """Raise ReplayRefused for a partition that was named and is not there."""
    if not isinstance(range_, Offsets):
        return
    named = set(range_.by_partition or ())
    if range_.partition is not None:
        named |= {(topic, range_.partition) for topic in topics}
    for topic, partition in sorted(named - {_where(each) for each in chosen}):
        raise ReplayRefused(f"{topic} has no partition {partition} on Kafka")


def _where(each: PartitionStanding) -> Partition:
    return each.topic, each.partition

"""Seeking: a group goes on at another offset, at once or by the consumers that own partitions."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction

from events.errors import GroupInUse, SeekRefused
from events.kafka.record import Partition
from events.kafka.standing import GroupStanding, PartitionStanding
from events.operating.known_group import check_partition, one_change_at_a_time, topics_of
from events.operating.operator import Operator
from events.operating.seek_storing import carried_out, request_seeks

if TYPE_CHECKING:  # a web process loads Kafka's client only when it asks something of it
    from events.kafka.groups import KafkaGroups

ACTION = "seek"


@dataclass(frozen=True, slots=True)
class Earliest:
    """The first message there is."""


@dataclass(frozen=True, slots=True)
class Latest:
    """Behind the last message there is now."""


@dataclass(frozen=True, slots=True)
class Offset:
    """This offset, or the nearest there is."""

    offset: int


@dataclass(frozen=True, slots=True)
class Timestamp:
    """The first message at or after `at`, by the messages' own times; else behind the last."""

    at: datetime


Target = Earliest | Latest | Offset | Timestamp


@dataclass(frozen=True, kw_only=True, slots=True)
class SeekRow:
    """What a seek does to one partition; offsets are those of the next message to read.

    `again` messages are handed out again (what is done is skipped, by its dedupe key), `skipped`
    ones are never handled. `committed` is None where the group never committed: it is taken to be
    at `first`.
    """

    topic: str
    partition: int
    committed: int | None
    first: int
    end: int
    target: int

    @property
    def again(self) -> int:
        """How many messages are handed out again."""
        return max(0, self._committed - self.target)

    @property
    def skipped(self) -> int:
        """How many messages are never handled."""
        return max(0, self.target - self._committed)

    @property
    def _committed(self) -> int:
        return self.first if self.committed is None else self.committed


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What was done: `at_once` in Kafka, or left to the consumers that live, as `seeks`."""

    rows: tuple[SeekRow, ...]
    at_once: bool
    seeks: tuple[UUID, ...]


class Seeking:
    """A group's positions in its topics, or in one topic or partition, set to `to`.

    Targets are resolved once, at the first look, and lie between the first offset and the end.
    Where no member of the group lives Kafka's offsets are changed at once; else the consumer that
    owns a partition goes there and acknowledges it. Earlier seeks that nobody carried out yet are
    superseded.

    Raises ServiceUnavailable if Kafka is away, SeekRefused for an unknown group, topic, partition,
    or a topic that is not on Kafka.
    """

    def __init__(
        self, group: str, *, to: Target, topic: str = "", partition: int | None = None
    ) -> None:
        self._group = group
        self._to = to
        self._topics = topics_of(group, topic=topic, refusal=SeekRefused)
        self._partition = partition
        check_partition(group, topic=topic, partition=partition, refusal=SeekRefused)

    def preview(self) -> tuple[SeekRow, ...]:
        """Return what would happen to each partition; changes nothing."""
        return self._rows

    def carry_out(self, *, by: Operator) -> Sought:
        """Go there: `request`, then `settle`; outside of a transaction."""
        return self.settle(self.request(by=by))

    def request(self, *, by: Operator) -> Sought:
        """Store the requests and the operator action, before anything is changed in Kafka.

        From here on the seek stands: if this process ends, or a member joins, the consumers carry
        it out.
        """
        rows, members = self._rows, self._now.members
        offsets = {(row.topic, row.partition): row.target for row in rows}
        with transaction.atomic():
            one_change_at_a_time(self._group)
            seeks = request_seeks(self._group, offsets, self._committed, by=by)
            details = {
                "to": _told(self._to),
                "members": len(members),
                "partitions": [
                    {**asdict(row), "again": row.again, "skipped": row.skipped} for row in rows
                ],
            }
            by.record(ACTION, target_type="consumer_group", target_id=self._group, details=details)
        return Sought(rows=rows, at_once=False, seeks=seeks)

    def settle(self, sought: Sought) -> Sought:
        """Change Kafka's offsets as requested, once that is committed, if no member lives."""
        offsets = {(row.topic, row.partition): row.target for row in sought.rows}
        if self._now.members or not self._altered(offsets):
            return sought
        carried_out(sought.seeks)
        return replace(sought, at_once=True)

    def _altered(self, offsets: dict[Partition, int]) -> bool:
        try:
            self._kafka.alter(self._group, offsets)
        except GroupInUse:
            return False  # it joined since we looked: it finds the request
        return True

    @cached_property
    def _kafka(self) -> "KafkaGroups":
        from events.kafka.groups import KafkaGroups  # noqa: PLC0415 - as above

        return KafkaGroups()

    @cached_property
    def _now(self) -> GroupStanding:
        return self._kafka.standing(self._group, self._topics)

    @property
    def _committed(self) -> dict[Partition, int | None]:
        return {(row.topic, row.partition): row.committed for row in self._rows}

    @cached_property
    def _rows(self) -> tuple[SeekRow, ...]:
        missing = set(self._topics) - {each.topic for each in self._now.partitions}
        if missing:
            names = ", ".join(sorted(missing))
            raise SeekRefused(f"not on Kafka: {names}. manage.py synctopics --apply makes it")
        chosen = [
            each for each in self._now.partitions if self._partition in {None, each.partition}
        ]
        if not chosen:
            raise SeekRefused(f"{self._topics[0]} has no partition {self._partition} on Kafka")
        at = self._offsets_at()
        return tuple(
            SeekRow(
                topic=each.topic,
                partition=each.partition,
                committed=each.committed,
                first=each.first,
                end=each.end,
                target=min(max(self._wanted(each, at), each.first), each.end),
            )
            for each in chosen
        )

    def _offsets_at(self) -> dict[Partition, int | None]:
        match self._to:
            case Timestamp(at):
                return self._kafka.offsets_at(self._topics, at)
            case _:
                return {}

    def _wanted(self, each: PartitionStanding, at: dict[Partition, int | None]) -> int:
        match self._to:
            case Earliest():
                return each.first
            case Latest():
                return each.end
            case Offset(offset):
                return offset
            case Timestamp():
                found = at.get((each.topic, each.partition))
                return each.end if found is None else found


def _told(to: Target) -> str | int:
    match to:
        case Offset(offset):
            return offset
        case Timestamp(at):
            return at.isoformat()
        case _:
            return type(to).__name__.lower()

"""Replay range: which offsets, or times, of old events a caller asks for, and back as a record."""

from collections.abc import Sequence
from typing import Any

from events.api.members import Members
from events.api.moment import storable_moment
from events.kafka.record import Partition
from events.models import Replay
from events.replaying.request import All, Offsets, Times

LARGEST_OFFSET = 2**63 - 1
LARGEST_PARTITION = 2**31 - 1
MOST_PARTITIONS = 1_000
ALL, OFFSETS, TIMESTAMPS = Replay.Range.values
_WANTED = f'must be "{ALL}", {{"{OFFSETS}": …}} or {{"{TIMESTAMPS}": …}}'
_BOUNDS = ("from", "before")
_SAME = (*_BOUNDS, "partition")

Bounds = tuple[int | None, int | None]


def replay_range(members: Members, *, topics: Sequence[str]) -> All | Offsets | Times:
    """Return the member `range`; what is wrong about it is noted. `topics` are those it is of."""
    given = members.required("range")
    if isinstance(given, dict) and len(given) == 1 and given.keys() <= {OFFSETS, TIMESTAMPS}:
        inner = members.object("range")
        if TIMESTAMPS in given:
            return _times(inner.object(TIMESTAMPS))
        return _offsets(inner.object(OFFSETS), topics=topics)
    if given != ALL and members.holds("range"):
        members.wrong("range", _WANTED)
    return All()


def range_record(range_: All | Offsets | Times) -> str | dict[str, Any]:
    """Return the range as it is asked for, with null for what was left out."""
    match range_:
        case All():
            return ALL
        case Times(start=start, before=at):
            return {TIMESTAMPS: {"from": start, "before": at}}
        case Offsets(first=first, before=before, partition=partition, by_partition=own):
            partitions = [
                {"topic": topic, "partition": number, "from": low, "before": high}
                for (topic, number), (low, high) in (own or {}).items()
            ]
            same = {"from": first, "before": before, "partition": partition}
            return {OFFSETS: {**same, "partitions": partitions or None}}


def _offsets(members: Members, *, topics: Sequence[str]) -> Offsets:
    first, before = _bounds(members)
    partition = members.optional_number("partition", least=0, most=LARGEST_PARTITION)
    if partition is not None and len(topics) != 1:
        members.wrong("partition", "belongs to a topic: name one topic, too")
    own = _by_partition(members, topics=topics)
    is_same = any(members.has(name) for name in _SAME)
    if is_same and members.has("partitions"):
        members.wrong("partitions", f"cannot be given together with {', '.join(_SAME)}")
    if not is_same and not members.has("partitions"):
        members.wrong_as_a_whole(f"needs at least one of {', '.join(_SAME)}, partitions")
    return Offsets(first=first, before=before, partition=partition, by_partition=own or None)


def _by_partition(members: Members, *, topics: Sequence[str]) -> dict[Partition, Bounds]:
    if not members.has("partitions"):
        members.optional("partitions")
        return {}
    found: dict[Partition, Bounds] = {}
    rows = list(members.objects("partitions"))
    for row in rows:
        where = row.one_of("topic", topics), row.whole_number("partition")
        if not 0 <= where[1] <= LARGEST_PARTITION:
            row.wrong("partition", f"must be from 0 to {LARGEST_PARTITION}")
        if where in found:
            row.wrong_as_a_whole("is the same partition as one before")
        found[where] = _bounds(row)
    if not 1 <= len(rows) <= MOST_PARTITIONS:
        members.wrong("partitions", f"must name 1 to {MOST_PARTITIONS} partitions")
    return found


def _bounds(members: Members) -> Bounds:
    first, before = (
        members.optional_number(name, least=0, most=LARGEST_OFFSET) for name in _BOUNDS
    )
    if before is not None and before <= (first or 0):
        members.wrong("before", f"must be greater than {first or 0}: it is not included itself")
    return first, before


def _times(members: Members) -> Times:
    start, before = (storable_moment(members, name) for name in _BOUNDS)
    if not any(members.has(name) for name in _BOUNDS):
        members.wrong_as_a_whole(f"needs at least one of {', '.join(_BOUNDS)}")
    if start is not None and before is not None and before <= start:
        members.wrong("before", "must be later than from: it is not included itself")
    return Times(start=start, before=before)

"""Lanes: what was read of each partition and is not passed yet, in its order, holes and all."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from events.consuming.delivery import Item
from events.kafka.record import Partition
from events.replaying.archive import Known


class Piece(NamedTuple):
    """Offsets of one partition, from `first` to before `next_offset`: a message, or none.

    A message that is not chosen has no `item`. A hole has to be looked into first: it becomes
    messages out of the archive (`is_archived`), and what is `absent`, with the events known to
    have been there.
    """

    where: Partition
    first: int
    next_offset: int
    item: Item | None = None
    is_hole: bool = False
    is_archived: bool = False
    absent: Known | None = None


@dataclass(kw_only=True, slots=True)
class Lane:
    """One partition: everything before `passed` is counted; it ends at `to`.

    Everything before `seen_to` is passed or stands in the lane.
    """

    where: Partition
    to: int
    passed: int
    seen_to: int = 0
    waits_until: float = float("-inf")
    pieces: deque[Piece] = field(default_factory=deque)
    weight: int = 0  # bytes of the values in it

    def __post_init__(self) -> None:
        self.seen_to = self.passed

    @property
    def is_done(self) -> bool:
        """Whether all of it is passed."""
        return self.passed >= self.to


class Lanes:
    """The lanes of one replay. One thread."""

    def __init__(self, lanes: Iterable[Lane]) -> None:
        self._lanes = {lane.where: lane for lane in lanes}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    @property
    def are_done(self) -> bool:
        """Whether nothing is left to do."""
        return all(lane.is_done for lane in self)

    @property
    def positions(self) -> dict[str, int]:
        """Where each partition goes on, in the form in which the replay's row keeps it."""
        return {place(lane.where): lane.passed for lane in self}

    def add(self, piece: Piece) -> None:
        """Append what comes next in its partition; offsets between are a hole."""
        lane = self._lanes[piece.where]
        if piece.first > lane.seen_to:
            self.look_to(piece.where, piece.first)
        lane.pieces.append(piece)
        lane.weight += _weight(piece)
        lane.seen_to = piece.next_offset

    def look_to(self, where: Partition, offset: int) -> None:
        """Note that there is nothing more on Kafka before `offset`."""
        lane = self._lanes[where]
        if lane.seen_to < offset:
            lane.pieces.append(Piece(where, lane.seen_to, offset, is_hole=True))
            lane.seen_to = offset

    def holes(self) -> list[Piece]:
        """Return the holes that stand first in their lanes."""
        return [lane.pieces[0] for lane in self if lane.pieces and lane.pieces[0].is_hole]

    def fill(self, hole: Piece, parts: Iterable[Piece]) -> None:
        """Put `parts` in the place of a hole that stands first in its lane."""
        lane, parts = self._lanes[hole.where], list(parts)
        lane.pieces.popleft()
        lane.pieces.extendleft(reversed(parts))
        lane.weight += sum(map(_weight, parts))

    def ready(self, most: int, *, now: float) -> list[Piece]:
        """Return the first pieces of the lanes that do not wait, each up to its next hole."""
        ready = [lane for lane in self if lane.pieces and lane.waits_until <= now]
        share = max(1, most // max(1, len(ready)))
        found: list[Piece] = []
        for lane in ready:
            for piece in islice(lane.pieces, share):
                if piece.is_hole:
                    break
                found.append(piece)
        return found

    def wait(self, where: Partition, *, at_least_s: float, now: float) -> None:
        """Leave a partition alone so long, or longer if it waits already."""
        lane = self._lanes[where]
        lane.waits_until = max(lane.waits_until, now + at_least_s)

    def pass_by(self, counts: Mapping[Partition, int]) -> None:
        """Take so many pieces from the front of these lanes: they are counted."""
        for where, count in counts.items():
            lane = self._lanes[where]
            for _ in range(count):
                piece = lane.pieces.popleft()
                lane.weight -= _weight(piece)
                lane.passed = piece.next_offset

    def next_due_s(self, now: float) -> float | None:
        """Return in how many seconds a lane goes on; None if none has anything to do."""
        due = [lane.waits_until for lane in self if lane.pieces]
        return max(0.0, min(due) - now) if due else None

    def full(self, most: int, *, most_bytes: int) -> set[Partition]:
        """Return the partitions of which so much stands in the lane that no more should come.

        Where all together weigh too much, those are all in which anything stands.
        """
        is_heavy = sum(lane.weight for lane in self) >= most_bytes
        return {
            lane.where for lane in self if len(lane.pieces) >= most or (is_heavy and lane.pieces)
        }


def _weight(piece: Piece) -> int:
    return 0 if piece.item is None else len(piece.item.record.value or b"")


def place(where: Partition) -> str:
    """Return a partition as text: topic:partition."""
    return f"{where[0]}:{where[1]}"

"""Batch: what was fetched at once, cut into units of work that keep each partition's order."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from events.consuming.delivery import Delivery, Item, Passed, Undecodable
from events.kafka.record import Partition


class Kind(Enum):
    """How a unit of work is done."""

    SETTLED = auto()  # nothing to run: done already, or not for this group
    UNDECODABLE = auto()
    ALONE = auto()  # a retry, or a message somebody died of
    DATABASE = auto()
    EXTERNAL = auto()


@dataclass(kw_only=True, slots=True)
class Batch:
    """The items still to be done, in fetched order, and what is known about them.

    `done` maps dedupe keys to the event (source/id) that did them. Items of `blocked` partitions
    are dropped: they come again after the message that blocks them.
    """

    items: deque[Item]
    done: dict[str, str]
    must_leave: Callable[[Partition], bool]
    is_suspect: Callable[[Delivery], bool]
    blocked: set[Partition] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)

    def next_unit(self, most: Callable[[Kind], int]) -> tuple[Kind, list[Item]] | None:
        """Take the next items that can be done together, at most `most(kind)`; None at the end."""
        self._drop()
        if not self.items:
            return None
        kind = self._kind(self.items[0])
        unit: list[Item] = []
        keys: set[str] = set()
        while self.items and len(unit) < most(kind) and self._fits(self.items[0], kind, keys):
            item = self.items.popleft()
            unit.append(item)
            if isinstance(item, Delivery):
                keys.add(item.dedupe_key)
        return kind, unit

    def put_back(self, items: Iterable[Item]) -> None:
        """Return items that were taken but not done, to the front, in order."""
        self.items.extendleft(reversed(list(items)))

    def block(self, partition: Partition) -> None:
        """Leave everything else of the partition for later."""
        self.blocked.add(partition)

    def _is_out(self, item: Item) -> bool:
        return item.partition in self.blocked or self.must_leave(item.partition)

    def _drop(self) -> None:
        while self.items and self._is_out(self.items[0]):
            self.items.popleft()

    def _fits(self, item: Item, kind: Kind, keys: set[str]) -> bool:
        if self._is_out(item) or self._kind(item) is not kind:
            return False
        # One key stands once in a unit; its second message is judged when the first is done.
        return kind is Kind.SETTLED or not (isinstance(item, Delivery) and item.dedupe_key in keys)

    def _kind(self, item: Item) -> Kind:
        if isinstance(item, Undecodable):
            return Kind.UNDECODABLE
        if isinstance(item, Passed) or item.dedupe_key in self.done:
            return Kind.SETTLED
        if item.subscription.effect == "external":
            return Kind.EXTERNAL
        if item.dedupe_key in self.alone or self.is_suspect(item):
            return Kind.ALONE
        return Kind.DATABASE

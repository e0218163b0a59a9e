"""Batch: what was fetched at once, cut into units of work that keep each partition's order."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache

from events.consuming.delivery import Delivery, Item, Passed, Undecodable
from events.consuming.subscriptions import Subscription
from events.kafka.record import Partition


class Kind(Enum):
    """How a unit of work is done."""

    SETTLED = auto()  # nothing to run: done already, or not for this group
    UNDECODABLE = auto()
    HELD = auto()  # its key is closed
    ALONE = auto()  # a retry, or a message somebody died of
    DATABASE = auto()
    EXTERNAL = auto()


@dataclass(kw_only=True, slots=True)
class Batch:
    """The items still to be done, in fetched order, and what is known about them.

    `done` maps dedupe keys to the imprint of the event that did them. Items of `blocked`
    partitions are dropped: they come again after the message that blocks them.
    """

    items: deque[Item]
    done: dict[str, str]
    must_leave: Callable[[Partition], bool]
    is_suspect: Callable[[Delivery], bool]
    is_held: Callable[[Delivery], bool]
    blocked: set[Partition] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)

    def next_unit(self, most: Callable[[Kind], int]) -> tuple[Kind, list[Item]] | None:
        """Take the next items that can be done together, at most `most(kind)`; None at the end."""
        is_out = cache(self._is_out)  # asked once per partition: whoever revokes it waits for us
        items = self.items
        while items and is_out(items[0].partition):
            items.popleft()
        if not items:
            return None
        kind = self._kind(items[0])
        limit = most(kind)
        unit: list[Item] = []
        joins = self._joins(kind, items[0])
        while items and len(unit) < limit:
            item = items[0]
            if not is_out(item.partition):
                if not joins(item):
                    break
                unit.append(item)
            items.popleft()
        return kind, unit

    def put_back(self, items: Iterable[Item]) -> None:
        """Return items that were taken but not done, to the front, in order."""
        self.items.extendleft(reversed(list(items)))

    def block(self, partition: Partition) -> None:
        """Leave everything else of the partition for later."""
        self.blocked.add(partition)

    def _is_out(self, partition: Partition) -> bool:
        return partition in self.blocked or self.must_leave(partition)

    def _joins(self, kind: Kind, first: Item) -> Callable[[Item], bool]:
        """Return what says of one item after the other whether it can be done with the first."""
        if kind in {Kind.SETTLED, Kind.HELD}:
            return lambda item: self._kind(item) is kind
        keys: set[str] = set()
        batch_handler = first.route.handle_batch if isinstance(first, Delivery) else None
        rated = _rated(first)

        def joins(item: Item) -> bool:
            if self._kind(item) is not kind:
                return False
            if isinstance(item, Delivery):
                # A key stands once in a unit; its second message is judged when the first is done.
                if item.dedupe_key in keys or item.route.handle_batch is not batch_handler:
                    return False
                if _rated(item) is not rated:
                    return False  # what has a rate is counted by itself
                keys.add(item.dedupe_key)
            return True

        return joins

    def _kind(self, item: Item) -> Kind:
        if isinstance(item, Undecodable):
            return Kind.UNDECODABLE
        if isinstance(item, Passed) or item.dedupe_key in self.done:
            return Kind.SETTLED
        if self.is_held(item):
            return Kind.HELD
        if item.subscription.effect == "external":
            return Kind.EXTERNAL
        if item.dedupe_key in self.alone or self.is_suspect(item):
            return Kind.ALONE
        return Kind.DATABASE


def _rated(item: Item) -> Subscription | None:
    """Return the item's subscription if it has a rate."""
    if isinstance(item, Delivery) and item.subscription.rate is not None:
        return item.subscription
    return None

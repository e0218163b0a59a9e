"""Batches: cut into units that keep the order of each partition."""

from collections import deque
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from events.conf import Waybill
from events.consuming.batch import Batch, Kind
from events.consuming.decoding import Decoder
from events.consuming.delivery import Delivery, Item
from events.consuming.subscriptions import Subscription
from events.event import ReceivedEvent
from events.kafka.record import Record


def ignore(event: ReceivedEvent) -> None:
    """Do nothing."""


DECODER = Decoder(
    [Subscription(group="g", topic="t", type="a.b", handler=ignore, name="h", dedupe_key="{n}")],
    settings=Waybill(),
)


def batch_of(numbers: Iterable[int], *, partitions: int = 1, done: tuple[str, ...] = ()) -> Batch:
    items = deque(
        DECODER.decode(
            Record("t", offset % partitions, offset, None, b'{"n": %d}' % number, (), None)
        )
        for offset, number in enumerate(numbers)
    )
    return Batch(
        items=items,
        done=dict.fromkeys(done, "other"),
        must_leave=lambda _: False,
        is_suspect=lambda _: False,
        is_held=lambda _: False,
    )


def keys(unit: tuple[Kind, list[Item]] | None) -> list[str]:
    assert unit is not None
    return [item.dedupe_key for item in unit[1] if isinstance(item, Delivery)]


def test_a_key_stands_once_in_a_unit() -> None:
    batch = batch_of([1, 2, 1, 3])
    assert keys(batch.next_unit(lambda _: 500)) == ["1", "2"]
    assert keys(batch.next_unit(lambda _: 500)) == ["1", "3"]


def test_what_is_done_already_is_a_unit_of_its_own() -> None:
    batch = batch_of([1, 2, 2, 3], done=("2",))
    kinds = []
    while unit := batch.next_unit(lambda _: 500):
        kinds.append(unit[0])
    assert kinds == [Kind.DATABASE, Kind.SETTLED, Kind.DATABASE]


def test_a_blocked_partition_is_dropped_and_the_others_go_on() -> None:
    batch = batch_of(range(6), partitions=2)
    batch.block(("t", 0))
    taken = []
    while unit := batch.next_unit(lambda _: 500):
        taken += [item.record.offset for item in unit[1]]
    assert taken == [1, 3, 5]


@given(
    numbers=st.lists(st.integers(0, 5), max_size=40),
    partitions=st.integers(1, 3),
    most=st.integers(1, 10),
)
def test_every_item_comes_once_and_in_the_order_of_its_partition(
    numbers: list[int], partitions: int, most: int
) -> None:
    batch = batch_of(numbers, partitions=partitions, done=("3",))
    taken: list[int] = []
    while unit := batch.next_unit(lambda _: most):
        assert len(unit[1]) <= most
        taken += [item.record.offset for item in unit[1]]
    assert taken == sorted(taken) == list(range(len(numbers)))

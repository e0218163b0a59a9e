"""Lanes: no more is fetched of what stands there already, by number or by weight."""

from events.consuming.delivery import Undecodable
from events.kafka.record import Record
from events.replaying.lanes import Lane, Lanes, Piece

HERE, THERE, EMPTY = ("topic", 0), ("topic", 1), ("topic", 2)
LOOSE = 1_000_000


def a_piece(where: tuple[str, int], offset: int, *, weight: int) -> Piece:
    record = Record(*where, offset, None, b"x" * weight, (), None)
    return Piece(where, offset, offset + 1, Undecodable(record=record, reason=""))


def test_what_weighs_too_much_together_is_fetched_no_further() -> None:
    lanes = Lanes(Lane(where=where, to=10, passed=0) for where in (HERE, THERE, EMPTY))
    for offset in range(3):
        lanes.add(a_piece(HERE, offset, weight=100))
    lanes.add(a_piece(THERE, 0, weight=50))

    assert lanes.full(4, most_bytes=LOOSE) == set()
    assert lanes.full(3, most_bytes=LOOSE) == {HERE}
    assert lanes.full(4, most_bytes=350) == {HERE, THERE}  # of the third something may come

    lanes.pass_by({HERE: 1})
    assert lanes.full(4, most_bytes=350) == set()


def test_what_fills_a_hole_weighs_too() -> None:
    lanes = Lanes([Lane(where=HERE, to=10, passed=0)])
    lanes.look_to(HERE, 5)
    [hole] = lanes.holes()
    lanes.fill(hole, [a_piece(HERE, offset, weight=100) for offset in range(5)])
    assert lanes.full(9, most_bytes=500) == {HERE}
    lanes.pass_by({HERE: 5})
    assert lanes.full(9, most_bytes=1) == set()

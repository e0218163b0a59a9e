"""Lanes: a list newest first, page by page, each page read by an index and bounded.

A lane is a part of a table that one index holds in the wanted order; a list is put together from
one or several. What a lane yields is then filtered by what its index does not know: of all lanes
together about `EXAMINED` rows, or as many as the caller allows, are looked at for one page, so a
page may hold less than was asked for, even nothing, and yet have a next one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection

EXAMINED = 5_000

Place = tuple[Any, ...]


class Places(NamedTuple):
    """Where the rows of a page stand, newest first; `next`: behind it the next page begins."""

    found: list[Place]
    next: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lanes:
    """How a list is read; conditions are SQL of our own, with `parameters` by name.

    order: the columns by which rows stand in a lane, all descending; together they are unique.
    lane: the condition for a row `r` of the table to be in the lane `t.lane`.
    within: the columns before those of the order in the index to be read. Asked for as an order,
        which `equals` does not let the planner take for given, they keep it from another index
        that has the order, too, but would be read to its end where it holds little of the lane.
    lanes: the names of the lanes.
    bounds: conditions on `r` that cut the lane short where it is read.
    filters: conditions on what was read, `f`.
    """

    table: str
    order: Sequence[str]
    lane: str = "TRUE"
    within: Sequence[str] = ()
    lanes: Sequence[str] = ("",)
    bounds: Sequence[str] = ()
    filters: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


def places(
    lanes: Lanes, *, after: Place | None, limit: int, examined: int | None = None
) -> Places:
    """Return the places of at most `limit` rows behind `after`: one or two queries.

    At most about `examined` rows are looked at, EXAMINED if nothing is said.
    """
    if not lanes.lanes:
        return Places([], None)
    most = EXAMINED if examined is None else examined
    reading = _Reading(lanes, after=after, limit=limit, examined=most)
    found = reading.newest()
    horizon = reading.horizon() if reading.may_be_cut(found) else None
    if horizon is not None:
        found = [place for place in found if place >= horizon]
    if len(found) > limit:
        found = found[:limit]
        horizon = found[-1]
    return Places(found, horizon)


def equals(column: str) -> str:
    """Return the condition that a column of the row is the lane's name; see `Lanes.within`."""
    return f"{column} = ANY(ARRAY[t.lane])"


def given(*conditions: tuple[Any, str]) -> list[str]:
    """Return the conditions whose value is given."""
    return [condition for value, condition in conditions if value is not None]


class _Reading:
    def __init__(self, lanes: Lanes, *, after: Place | None, limit: int, examined: int) -> None:
        self._lanes = lanes
        self._enough = enough = limit + 1
        share = examined // len(lanes.lanes)
        self._parameters = {
            **lanes.parameters,
            **_after(lanes, after),
            "lanes": list(lanes.lanes),
            "enough": enough,
            "examined": max(enough, share) if lanes.filters else enough,
        }
        self._bounds = [*lanes.bounds, *([self._behind] if after else [])]

    def newest(self) -> list[Place]:
        """Return the newest places, one more than the page holds if there are so many."""
        matches = " AND ".join(["TRUE", *self._lanes.filters])
        return self._ask(f"""
            SELECT {self._columns("f")} FROM ({self._rows} LIMIT %(examined)s) f
            WHERE {matches} ORDER BY {self._order_within("f")} LIMIT %(enough)s""")  # noqa: S608 - SQL of ours

    def may_be_cut(self, found: Sequence[Place]) -> bool:
        """Whether rows that nobody looked at may belong among the places or behind them."""
        if not self._lanes.filters:
            return False  # every lane was read as far as the page may reach
        return len(self._lanes.lanes) > 1 or len(found) < self._enough

    def horizon(self) -> Place | None:
        """Return the oldest place down to which every lane was looked at; None: to its end."""
        return max(self._ask(f"{self._rows} OFFSET %(examined)s - 1 LIMIT 1"), default=None)

    @property
    def _rows(self) -> str:
        conditions = " AND ".join([self._lanes.lane, *self._bounds])
        return f"""
            SELECT r.* FROM {self._lanes.table} r WHERE {conditions}
            ORDER BY {self._order_within("r")}"""  # noqa: S608 - SQL of ours

    @property
    def _behind(self) -> str:
        values = ", ".join(f"%(after_{name})s" for name in self._lanes.order)
        return f"({self._columns('r')}) < ({values})"

    def _ask(self, per_lane: str) -> list[Place]:
        query = f"""
            SELECT {self._columns("l")} FROM unnest(%(lanes)s::text[]) AS t(lane)
            CROSS JOIN LATERAL ({per_lane}) l
            ORDER BY {self._order("l")} LIMIT %(enough)s"""  # noqa: S608 - SQL of ours
        with connection.cursor() as cursor:
            cursor.execute(query, self._parameters)
            found: list[Place] = cursor.fetchall()
        return found

    def _columns(self, row: str) -> str:
        return ", ".join(f"{row}.{name}" for name in self._lanes.order)

    def _order_within(self, row: str) -> str:
        columns = [f"{row}.{name}" for name in self._lanes.within]
        return ", ".join([*columns, self._order(row)])

    def _order(self, row: str) -> str:
        return ", ".join(f"{row}.{name} DESC" for name in self._lanes.order)


def _after(lanes: Lanes, after: Place | None) -> dict[str, Any]:
    if after is None:
        return {}
    return {f"after_{name}": each for name, each in zip(lanes.order, after, strict=True)}

"""What people ask of the audit: every list of API and admin, by each of its filters."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from benchmarks.large.shapes import BILLING, EXCEPTIONS, LARGEST, PUBLISHERS, REPORTS, TINY

RARE_EXCEPTION, RARE_PUBLISHER = EXCEPTIONS[-1][0], PUBLISHERS[-1][0]
RARE_TYPE = "parcel.lost"
BILL = "benchmarks.large.handlers.bill"

EVENTS, CONSUMPTIONS, LETTERS = "/api/v1/events", "/api/v1/consumptions", "/api/v1/dead-letters"
# The filters of the API's lists. The time filters are added to each in turn.
_API: tuple[tuple[str, dict[str, str]], ...] = (
    (EVENTS, {}),
    (EVENTS, {"topic": LARGEST.name}),
    (EVENTS, {"topic": TINY.name}),
    (EVENTS, {"type": "order.placed"}),
    (EVENTS, {"type": RARE_TYPE}),
    (EVENTS, {"topic": LARGEST.name, "type": "order.cancelled"}),
    (EVENTS, {"topic": TINY.name, "type": "order.placed"}),
    (EVENTS, {"state": "accepted"}),
    (EVENTS, {"state": "parked"}),
    (EVENTS, {"state": "published"}),
    (EVENTS, {"published_by": RARE_PUBLISHER}),
    (CONSUMPTIONS, {}),
    (CONSUMPTIONS, {"topic": TINY.name}),
    (CONSUMPTIONS, {"group": BILLING}),
    (CONSUMPTIONS, {"outcome": "succeeded"}),
    (CONSUMPTIONS, {"outcome": "dead_lettered"}),
    (CONSUMPTIONS, {"outcome": "unknown", "group": BILLING}),
    (CONSUMPTIONS, {"outcome": "unknown", "group": REPORTS}),
    (LETTERS, {}),
    (LETTERS, {"group": BILLING}),
    (LETTERS, {"group": BILLING, "state": "open"}),
    (LETTERS, {"topic": TINY.name}),
    (LETTERS, {"exception": RARE_EXCEPTION}),
    (LETTERS, {"exception": RARE_EXCEPTION, "group": BILLING, "state": "open"}),
    (LETTERS, {"type": RARE_TYPE}),
)
_TIMES = {
    EVENTS: ("accepted_from", "accepted_before"),
    CONSUMPTIONS: ("first_from", "first_before"),
    LETTERS: ("created_from", "created_before"),
}
_ADMIN: tuple[tuple[str, dict[str, str]], ...] = (
    ("event", {}),
    ("event", {"topic": TINY.name}),
    ("event", {"type": "order.placed"}),
    ("event", {"type": RARE_TYPE}),
    ("event", {"type": "recall.requested"}),
    ("event", {"topic": TINY.name, "type": "order.placed"}),
    ("event", {"state": "accepted"}),
    ("event", {"state": "parked"}),
    ("event", {"state": "published", "topic": LARGEST.name}),
    ("event", {"age": "7d", "type": RARE_TYPE}),
    ("publication", {}),
    ("publication", {"topic": LARGEST.name}),
    ("publication", {"topic": TINY.name}),
    ("publication", {"cause": "republish"}),
    ("publication", {"cause": "republish", "topic": TINY.name}),
    ("consumption", {}),
    ("consumption", {"topic": LARGEST.name}),
    ("consumption", {"topic": TINY.name}),
    ("consumption", {"group": BILLING}),
    ("consumption", {"group": BILLING, "topic": TINY.name}),
    ("consumption", {"outcome": "unknown"}),
    ("consumption", {"outcome": "dead_lettered", "group": REPORTS}),
    ("consumption", {"outcome": "dead_lettered", "topic": TINY.name}),
    ("consumption", {"outcome": "succeeded", "topic": TINY.name}),
    ("attempt", {}),
    ("attempt", {"topic": LARGEST.name}),
    ("attempt", {"topic": TINY.name}),
    ("attempt", {"group": REPORTS}),
    ("attempt", {"result": "duplicate"}),
    ("attempt", {"result": "conflict"}),
    ("deadletter", {}),
    ("deadletter", {"state": "open"}),
    ("deadletter", {"topic": TINY.name}),
    ("deadletter", {"exception": RARE_EXCEPTION}),
    ("deadletter", {"handler": BILL, "state": "held"}),
    ("deadletter", {"exception": RARE_EXCEPTION, "group": BILLING, "state": "open"}),
    ("outboxentry", {}),
    ("outboxentry", {"state": "parked"}),
    ("operatoraction", {}),
    ("operatoraction", {"decision": "refused"}),
    ("operatoraction", {"age": "7d"}),
    ("gap", {"topic": TINY.name}),
    ("seek", {"topic": TINY.name}),
)


class Question(NamedTuple):
    """A list as it is asked for; `who` asks: "all" may read every topic, "tiny" only that one."""

    name: str
    path: str
    who: str


def questions(start: datetime, until: datetime, *, seed: int = 3) -> Iterator[Question]:
    """Yield every list once from its newest rows on, and once at some place further back."""
    rng = random.Random(seed)  # noqa: S311 - the same again
    for path, filters in _API:
        first, before = _TIMES[path]
        moment = start + (until - start) * rng.uniform(0.1, 0.9)
        name = _named(path.removeprefix("/api/v1/"), filters)
        yield Question(name, _address(path, filters), "all")
        placed = {**filters, before: moment.isoformat()}
        yield Question(f"{name}, further back", _address(path, placed), "all")
        if not filters:
            window = {first: (moment - (until - start) / 30).isoformat(), **placed}
            yield Question(f"{name}, of a day", _address(path, window), "all")
            yield Question(f"{name}, for one topic's reader", _address(path, {}), "tiny")
    yield Question("dead-letters/summary", f"{LETTERS}/summary", "all")
    yield from _of_the_admin()


def _of_the_admin() -> Iterator[Question]:
    for model, filters in _ADMIN:
        path, name = f"/admin/events/{model}/", _named(f"admin: {model}", filters)
        yield Question(name, _address(path, filters), "all")
        if not filters:
            yield Question(f"{name}, page 100", _address(path, {"p": "100"}), "all")
            yield Question(f"{name}, for one topic's reader", path, "tiny")
    yield Question("admin: letters by kind", "/admin/events/deadletter/kinds/", "all")
    yield Question("admin: overview", "/admin/", "all")


def _named(what: str, filters: dict[str, str]) -> str:
    told = ", ".join(f"{name} {value}" for name, value in filters.items())
    return f"{what}: {told}" if told else what


def _address(path: str, filters: dict[str, str]) -> str:
    return f"{path}?{urlencode(filters)}" if filters else path

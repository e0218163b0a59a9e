"""Facts: what happened in the time of the large data, event after event, the same for one seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

from benchmarks.large.shapes import (
    FATES,
    PARTITIONS,
    PUBLISHERS,
    RETRYING,
    TOPICS,
    WAITING,
)

PER_ORDER = 4  # events, on the average
LATE = 4_000  # events of so many orders are mixed
HOT = 4  # customers whose orders all have one key
HOT_SHARE = 0.002
FILLER = 100  # characters of a value that say nothing
T = TypeVar("T")
_POOL = random.Random(1).randbytes(50_000).hex()  # noqa: S311 - filler


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How many events, spread evenly over so many days that end at `until`."""

    events: int
    until: datetime
    days: float = 30.0
    seed: int = 7

    @property
    def start(self) -> datetime:
        """When the first event was accepted."""
        return self.until - timedelta(days=self.days)

    @property
    def start_us(self) -> int:
        """The same, in microseconds since 1970."""
        return (self.start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    @property
    def step_us(self) -> float:
        """From one event to the next."""
        return self.days * 86_400e6 / self.events


class Fact(NamedTuple):
    """One event and its fate; `offset` is None for what is not on Kafka, times in microseconds."""

    number: int
    id: str
    at_us: int
    topic: str
    partition: int
    offset: int | None
    key: str
    line: int  # of the order: its own number, unless it says again what another said
    type: str
    publisher: str
    value: str
    fate: str


def facts(plan: Plan) -> Iterator[Fact]:
    """Yield all events in the order of their acceptance."""
    rng = random.Random(plan.seed)  # noqa: S311 - the same again for one seed
    draw, bits = rng.random, rng.getrandbits
    fates = _Fates(plan.events)
    choose = _Choice([(topic, topic.share) for topic in TOPICS])
    publisher_of = _Choice(list(PUBLISHERS))
    ends = {(topic.name, each): 0 for topic in TOPICS for each in range(PARTITIONS)}
    start_us, step_us = plan.start_us, plan.step_us
    before = None
    for number in range(plan.events):
        chosen = choose.at(draw())
        at_us = start_us + int((number + draw()) * step_us)
        key, line = _key(number, draw()), number
        fate = fates.of(number, draw())
        if fate == "copied" and before is not None and before.offset is not None:
            key, line = before.key, before.line
        where = (chosen.name, int(key) * 2_654_435_761 % 2**32 * PARTITIONS >> 32)
        offset = None
        if fate not in _NOT_ON_KAFKA:
            offset = ends[where]
            ends[where] += 2 if fate == "republished" else 1
        yield (
            before := Fact(
                number,
                _uuid7(at_us // 1_000, bits(74)),
                at_us,
                *where,
                offset,
                key,
                line,
                chosen.types[int(draw() ** 3 * len(chosen.types))],
                publisher_of.at(draw()),
                _value(line, key),
                fate,
            )
        )


_NOT_ON_KAFKA = frozenset(("parked", "waiting"))


class _Choice(Generic[T]):
    """One of several things, by their weights."""

    def __init__(self, weighted: list[tuple[T, float]]) -> None:
        total = sum(weight for _, weight in weighted)
        bounds = accumulate(weight / total for _, weight in weighted)
        self._steps = [(bound, each) for bound, (each, _) in zip(bounds, weighted, strict=True)]

    def at(self, drawn: float) -> T:
        """Return the thing at this place between 0 and 1."""
        for bound, each in self._steps:
            if drawn < bound:
                return each
        return self._steps[-1][1]


class _Fates:
    """What becomes of an event: nothing special, mostly."""

    def __init__(self, events: int) -> None:
        self._waiting = events - min(WAITING, events // 20)
        self._retrying = self._waiting - min(RETRYING, events // 20)
        self._steps = list(
            zip(accumulate(share for _, share in FATES), (name for name, _ in FATES), strict=True)
        )
        self._special = self._steps[-1][0]

    def of(self, number: int, drawn: float) -> str:
        """Return the fate's name, "" for an event that was handled at once."""
        if number >= self._retrying:
            return "waiting" if number >= self._waiting else "retrying"
        if drawn >= self._special:
            return ""
        return next(name for bound, name in self._steps if drawn < bound)


def _key(number: int, drawn: float) -> str:
    if drawn < HOT_SHARE:
        return str(int(drawn / HOT_SHARE * HOT))
    return str(1_000_000 + number // PER_ORDER + int(drawn * LATE))


def _value(number: int, key: str) -> str:
    begin = number * 7_919 % 99_000
    return (
        f'{{"order_id":"{key}","line":{number},"currency":"EUR","amount":"{number % 9973}.90"'
        f',"note":"{_POOL[begin : begin + FILLER]}"}}'
    )


def _uuid7(at_ms: int, drawn: int) -> str:
    time, rest = f"{at_ms:012x}", f"{drawn:019x}"
    variant = "89ab"[int(rest[0])]
    return f"{time[:8]}-{time[8:]}-7{rest[1:4]}-{variant}{rest[4:7]}-{rest[7:]}"

"""Counting: what of a partition's range is done or left already, by index and within a time."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction

from events.models import ClosedKey
from events.models.consumption import LIVE
from events.replaying.count_statements import (
    by_letter,
    by_position,
    chosen_only,
    elsewhere,
    of_closed_keys,
)
from events.replaying.plan import PlannedPartition
from events.replaying.request import ReplayRequest

LOOKED_UP = 50_000  # messages without a ledger row, to see whether they were done elsewhere

Outcomes = Counter[str]  # by the ledger's words; "": nothing is known of them

# What is costly by the planner's estimate is compiled, which takes longer than these counts do.
_BY_INDEX = {"enable_seqscan": "off", "jit": "off"}
_STORED = "NOT (e.value IS NULL AND e.value_sha256 IS NOT NULL)"  # else its value was erased


class TookTooLong(Exception):
    """The counts did not come within their time."""


class Counting:
    """The counts for one request; made by `counting`. Its methods raise TookTooLong."""

    def __init__(self, request: ReplayRequest, *, limit_s: float) -> None:
        self._request = request
        self._until = time.monotonic() + limit_s
        self._closed = _closed_keys(request)
        self._conditions, self._chosen_by = _choice(request)
        self._to_look_up = LOOKED_UP

    @property
    def is_exact(self) -> bool:
        """Whether all messages without a ledger row were looked for at other positions."""
        return self._to_look_up > 0

    def on_kafka(self, each: PlannedPartition) -> Outcomes:
        """Count what the group did with the messages that Kafka has.

        Where the request narrows them down: with those of them that were published here, all told.
        """
        return self._outcomes(each, max(each.from_, each.first), each.to, self._conditions)

    def archived(self, each: PlannedPartition, *, by_outcome: bool) -> Outcomes:
        """Count the stored events of what Kafka removed, all told; those erased are not stored."""
        high = min(each.to, each.first)
        conditions = [*self._conditions, _STORED]
        if by_outcome or each.from_ >= high:
            return self._outcomes(each, each.from_, high, conditions)
        return self._count(chosen_only(conditions), each, each.from_, high)

    def _outcomes(
        self, each: PlannedPartition, low: int, high: int, conditions: Sequence[str]
    ) -> Outcomes:
        if low >= high:
            return Counter()
        found = self._count(by_position(conditions), each, low, high)
        unknown = found.pop("", 0)
        if conditions and not unknown:
            return found
        more = self._count(by_letter(conditions), each, low, high)
        if self._closed.get(each.topic):
            more.update(self._count(of_closed_keys(conditions), each, low, high))
        more.update(self._elsewhere(conditions, each, low, high))
        if unknown > more.total():
            found[""] = unknown - more.total()
        return found + more

    def _elsewhere(
        self, conditions: Sequence[str], each: PlannedPartition, low: int, high: int
    ) -> Outcomes:
        if not self._to_look_up:
            return Counter()
        found = self._count(elsewhere(conditions), each, low, high)
        self._to_look_up -= found.total()
        del found[""]
        return found

    def _count(self, statement: str, each: PlannedPartition, low: int, high: int) -> Outcomes:
        left_ms = round((self._until - time.monotonic()) * 1_000)
        if left_ms <= 0:
            raise TookTooLong
        _set({"statement_timeout": f"{left_ms}ms"})
        parameters = {
            "group": self._request.group,
            "live": LIVE,
            "topic": each.topic,
            "partition": each.partition,
            "low": low,
            "high": high,
            "closed": self._closed.get(each.topic, []),
            "most": self._to_look_up,
            **self._chosen_by,
        }
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return Counter(dict(cursor.fetchall()))
        except OperationalError as error:
            if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
                raise TookTooLong from error
            raise


@contextmanager
def counting(request: ReplayRequest, *, limit_s: float) -> Iterator[Counting]:
    """Count for at most `limit_s`, by index alone; then TookTooLong goes out of the block."""
    with transaction.atomic():
        before = {name: _setting(name) for name in ("statement_timeout", *_BY_INDEX)}
        _set(_BY_INDEX)
        yield Counting(request, limit_s=limit_s)
        _set(before)  # the transaction may be the caller's


def is_known_as_text(key: bytes) -> bool:
    """Whether events published here can have this key at all: theirs are texts."""
    return _text(key) is not None


def _choice(request: ReplayRequest) -> tuple[list[str], dict[str, Any]]:
    if request.type is not None:
        return ["e.type = %(type)s"], {"type": request.type}
    if request.key is not None:
        return ["e.key = %(key)s"], {"key": _text(request.key)}
    return [], {}


def _closed_keys(request: ReplayRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = ClosedKey.objects.filter(group=request.group, topic__in=request.topics)
    for topic, key in rows.values_list("topic", "key"):
        if (text := _text(bytes(key))) is not None:
            found.setdefault(topic, []).append(text)
    return found


def _text(key: bytes) -> str | None:
    try:
        text = key.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


def _set(settings: Mapping[str, str]) -> None:
    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute("SELECT set_config(%s, %s, true)", [name, value])

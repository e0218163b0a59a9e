"""Counting: what of a partition's range is done or left already, by index and within a time."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction

from events.models import ClosedKey
from events.models.consumption import LIVE
from events.replaying.plan import PlannedPartition
from events.replaying.request import ReplayRequest

Outcomes = Counter[str]  # by the outcomes of the ledger; "" for what has none

_ROW = 'c."group" = %(group)s AND c.generation = %(live)s'
_RANGE = (
    "{0}.topic = %(topic)s AND {0}.partition = %(partition)s "
    'AND {0}."offset" >= %(low)s AND {0}."offset" < %(high)s'
)
_HERE = """SELECT c.outcome FROM events_consumption c
    WHERE c.topic = %(topic)s AND c.partition = %(partition)s AND c."offset" = {0}."offset"
      AND {1}"""
# Undecodable messages and held ones have a letter and no row in the ledger.
_LETTER = """SELECT CASE l.state WHEN 'held' THEN 'quarantined' ELSE 'dead_lettered' END
        AS outcome
    FROM events_deadletter l
    WHERE l."group" = %(group)s AND l.topic = %(topic)s AND l.partition = %(partition)s
      AND {0} AND l.parent_id IS NULL AND l.state <> 'redriven'"""
# Its event lies at two positions, or another event did its key.
_ELSEWHERE = f"""LEFT JOIN LATERAL (
        SELECT c.outcome FROM events_consumption c
        WHERE c.event_id = chosen.event_id AND {_ROW} LIMIT 1
    ) of_event ON TRUE
    LEFT JOIN LATERAL (
        SELECT c.outcome FROM events_attempt a
        JOIN events_consumption c ON c.dedupe_key = a.dedupe_key AND {_ROW}
        WHERE a.event_id = chosen.event_id AND a."group" = %(group)s
          AND a.generation = %(live)s AND a.result IN ('duplicate', 'conflict') LIMIT 1
    ) of_key ON of_event.outcome IS NULL"""  # noqa: S608 - words of ours

LEDGER = f"""
SELECT c.outcome, count(*) FROM events_consumption c
WHERE {_RANGE.format("c")} AND {_ROW} GROUP BY c.outcome
"""  # noqa: S608 - as above
LETTERS = f"""
SELECT found.outcome, count(*) FROM (
    {_LETTER.format('l."offset" >= %(low)s AND l."offset" < %(high)s')}
    AND NOT EXISTS ({_HERE.format("l", _ROW)})
) found GROUP BY found.outcome
"""  # noqa: S608 - as above
ELSEWHERE = f"""
WITH chosen AS MATERIALIZED (
    SELECT p.event_id FROM events_publication p
    WHERE {_RANGE.format("p")} AND NOT EXISTS (
        SELECT FROM events_consumption c
        WHERE {_RANGE.format("c")} AND {_ROW} AND c."offset" = p."offset")
)
SELECT coalesce(of_event.outcome, of_key.outcome, '') AS outcome, count(*)
FROM chosen {_ELSEWHERE} GROUP BY 1
"""  # noqa: S608 - as above
CLOSED = f"""
SELECT 'quarantined', count(*) FROM events_event e JOIN events_publication p ON p.event_id = e.id
WHERE e.key = ANY(%(closed)s) AND {_RANGE.format("p")}
  AND NOT EXISTS ({_HERE.format("p", _ROW)})
  AND NOT EXISTS ({_LETTER.format('l."offset" = p."offset"')})
  AND NOT EXISTS (SELECT FROM events_consumption c WHERE c.event_id = e.id AND {_ROW})
"""  # noqa: S608 - as above
_CHOSEN = f"""
SELECT p."offset", p.event_id, e.key FROM events_publication p
JOIN events_event e ON e.id = p.event_id
WHERE {_RANGE.format("p")}"""  # noqa: S608 - as above
_OF_CHOSEN = f"""
SELECT coalesce(here.outcome, letter.outcome, of_event.outcome, of_key.outcome,
                CASE WHEN chosen.key = ANY(%(closed)s) THEN 'quarantined' ELSE '' END), count(*)
FROM chosen
    LEFT JOIN LATERAL ({_HERE.format("chosen", _ROW)} LIMIT 1) here ON TRUE
    LEFT JOIN LATERAL (
        {_LETTER.format('l."offset" = chosen."offset"')} LIMIT 1
    ) letter ON here.outcome IS NULL
    {_ELSEWHERE}
GROUP BY 1
"""  # noqa: S608 - as above
_CHOSEN_COUNT = "SELECT '', count(*) FROM chosen"
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

    def outcomes(self, each: PlannedPartition) -> Outcomes:
        """Count what the group did with the messages that Kafka has, by position and by event.

        Where the request narrows them down: with those of them that were published here, all told.
        """
        low = max(each.from_, each.first)
        if low >= each.to:
            return Counter()
        if self._conditions:
            return self._of_chosen(_OF_CHOSEN, each, low, each.to)
        statements = [LEDGER, LETTERS, ELSEWHERE]
        if self._closed.get(each.topic):
            statements.append(CLOSED)
        found: Outcomes = Counter()
        for statement in statements:
            found.update(self._count(statement, each, low, each.to))
        del found[""]
        return found

    def archived(self, each: PlannedPartition, *, by_outcome: bool) -> Outcomes:
        """Count the stored events of what Kafka removed, all told; those erased are not stored."""
        high = min(each.to, each.first)
        if each.from_ >= high:
            return Counter()
        counted = _OF_CHOSEN if by_outcome else _CHOSEN_COUNT
        return self._of_chosen(counted, each, each.from_, high, _STORED)

    def _of_chosen(
        self, counted: str, each: PlannedPartition, low: int, high: int, *more: str
    ) -> Outcomes:
        conditions = "".join(f" AND {condition}" for condition in (*self._conditions, *more))
        chosen = f"WITH chosen AS MATERIALIZED ({_CHOSEN}{conditions})"
        return self._count(chosen + counted, each, low, high)

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
        before = {name: _setting(name) for name in ("statement_timeout", "enable_seqscan")}
        _set({"enable_seqscan": "off"})
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

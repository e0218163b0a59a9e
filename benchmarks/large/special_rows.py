"""The rows that only some events leave: attempts, dead letters, what people did, what waits."""

import base64
import json
import random
from collections.abc import Iterator
from uuid import UUID

from benchmarks.large.facts import Fact
from benchmarks.large.rows import (
    BEGUN_US,
    BILL,
    BURIED_US,
    FAILURE,
    LIVE,
    RETRIED_US,
    at,
    dedupe_key,
    letter_state,
)
from benchmarks.large.shapes import BILLING, EXCEPTIONS, SOURCE
from events.publishing.buckets import bucket_of

# Table and columns of each; where there is no id, the database gives it.
COLUMNS = {
    "events_attempt": (
        '"group", dedupe_key, generation, event_id, source, ce_id, topic, partition, "offset",'
        " handler, number, host, pid, started_at, duration_s, result, error"
    ),
    "events_deadletter": (
        'id, "group", topic, partition, "offset", key, value, headers, recorded_at, event_id,'
        " source, ce_id, type, dedupe_key, handler, generation, attempts, exception, error,"
        " traceback, state, created_at, changed_at, reason, result"
    ),
    "events_operatoraction": (
        "id, actor, action, target_type, target_id, reason, details, allowed, origin, request_id,"
        " at"
    ),
    "events_outboxentry": (
        "event_id, topic, key, bucket, cause, by, created_at, attempts, last_error, parked_at"
    ),
    "events_closedkey": 'id, "group", topic, key, cause, by, reason, closed_at',
}
_TRACEBACK = "\\n".join(
    f'  File "/app/billing/step_{number}.py", line {number}, in run' for number in range(12)
)
_WEIGHTS = [weight for _, _, weight in EXCEPTIONS]
_ACTIONS = {"redriven": "redrive", "discarded": "discard"}
_PEOPLE = ("ada", "grace", "linus")

Row = tuple[str, str]  # the table, and the line


class Specials:
    """Yields the rows of one event after the other; the same for one seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed + 1)  # noqa: S311 - the same again for one seed
        self._closed: set[tuple[str, str]] = set()
        self._rows = {
            "retried": self._retried,
            "retrying": self._retrying,
            "buried": self._buried,
            "copied": self._copied,
            "republished": self._republished,
            "quarantined": self._quarantined,
            "unknown": self._nothing,
            "waiting": self._in_outbox,
            "parked": self._in_outbox,
        }

    def of(self, fact: Fact) -> Iterator[Row]:
        """Yield what the event left beside its rows in the large tables."""
        return self._rows[fact.fate](fact)

    def _nothing(self, _fact: Fact) -> Iterator[Row]:
        yield from ()

    def _retried(self, fact: Fact) -> Iterator[Row]:
        yield _attempt(fact, number=1, after_us=BEGUN_US, result="failed", error=FAILURE)
        yield _attempt(fact, number=2, after_us=RETRIED_US, result="succeeded")

    def _retrying(self, fact: Fact) -> Iterator[Row]:
        yield _attempt(fact, number=1, after_us=BEGUN_US, result="failed", error=FAILURE)

    def _copied(self, fact: Fact) -> Iterator[Row]:
        if fact.line != fact.number:
            yield _attempt(fact, number=1, after_us=BEGUN_US, result="duplicate")

    def _buried(self, fact: Fact) -> Iterator[Row]:
        [(exception, error, _)] = self._rng.choices(EXCEPTIONS, _WEIGHTS)
        for number in range(3):
            yield _attempt(
                fact,
                number=number + 1,
                after_us=BEGUN_US + number * RETRIED_US,
                result="failed",
                error=f"{exception}: {error}",
            )
        letter, state = self._id(), letter_state(fact)
        yield "events_deadletter", _letter(fact, letter, state, exception, error)
        if state in _ACTIONS:
            yield self._action(fact, _ACTIONS[state], "dead_letter", letter)

    def _republished(self, fact: Fact) -> Iterator[Row]:
        yield self._action(fact, "republish", "event", fact.id)

    def _quarantined(self, fact: Fact) -> Iterator[Row]:
        yield _attempt(fact, number=3, after_us=BEGUN_US, result="failed", error=FAILURE)
        if (fact.topic, fact.key) not in self._closed:
            self._closed.add((fact.topic, fact.key))
            row = (self._id(), BILLING, fact.topic, fact.key, "quarantined", "waybill", FAILURE)
            yield "events_closedkey", _line(*row, at(fact.at_us + BURIED_US))

    def _in_outbox(self, fact: Fact) -> Iterator[Row]:
        is_parked = fact.fate == "parked"
        bucket = bucket_of(fact.topic, fact.key, event_id=fact.id)
        row = (fact.id, fact.topic, fact.key, bucket, "first", fact.publisher, at(fact.at_us))
        told = (1, "the record is too large", at(fact.at_us)) if is_parked else (0, "", "\\N")
        yield "events_outboxentry", _line(*row, *told)

    def _action(self, fact: Fact, action: str, target: str, target_id: str) -> Row:
        what = (self._rng.choice(_PEOPLE), action, target, target_id, "as the plan says")
        told = ('{"how": "by hand"}', "t", "10.0.0.7", f"request-{fact.number}")
        moment = at(fact.at_us + 2 * BURIED_US)
        return "events_operatoraction", _line(self._id(), *what, *told, moment)

    def _id(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4))


def _attempt(fact: Fact, *, number: int, after_us: int, result: str, error: str = "") -> Row:
    what = (BILLING, dedupe_key(fact), LIVE, fact.id, SOURCE, fact.id)
    where = (fact.topic, fact.partition, fact.offset, BILL, number, "app-1", 41)
    return "events_attempt", _line(*what, *where, at(fact.at_us + after_us), 0.009, result, error)


def _letter(fact: Fact, letter: str, state: str, exception: str, error: str) -> str:
    told = [["ce_type", fact.type], ["ce_waybillid", fact.id]]
    headers = [[name, base64.b64encode(value.encode()).decode()] for name, value in told]
    created = at(fact.at_us + BURIED_US)
    changed = created if state == "open" else at(fact.at_us + 2 * BURIED_US)
    return _line(
        *(letter, BILLING, fact.topic, fact.partition, fact.offset, fact.key, fact.value),
        *(json.dumps(headers), at(fact.at_us), fact.id, SOURCE, fact.id, fact.type),
        *(dedupe_key(fact), BILL, LIVE, 3, exception, error, _TRACEBACK),
        *(state, created, changed, "" if state == "open" else "as the plan says", ""),
    )


def _line(*cells: object) -> str:
    return "\t".join(map(str, cells)) + "\n"

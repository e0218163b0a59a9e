"""The rows that an event leaves in the three large tables, as COPY reads them."""

import hashlib
from collections.abc import Iterator

from benchmarks.large.facts import Fact
from benchmarks.large.moments import moments
from benchmarks.large.shapes import BILLING, REPORTS, SOURCE

EVENT_COLUMNS = (
    "id, source, ce_id, topic, key, type, subject, content_type, value, value_sha256, headers,"
    " traceparent, occurred_at, accepted_at, published_by, request_id, idempotency_key"
)
PUBLICATION_COLUMNS = 'id, event_id, topic, partition, "offset", published_at, cause, by'
CONSUMPTION_COLUMNS = (
    'id, "group", dedupe_key, generation, event_id, source, ce_id, value_sha256, topic, partition,'
    ' "offset", handler, outcome, attempts, host, pid, effect_began_at, effect_reference,'
    " unknown_count, next_attempt_at, first_at, finished_at, error"
)

PUBLISHED_US, BEGUN_US, DONE_US = 20_000, 32_000, 41_000  # after the acceptance, mostly
RETRIED_US, BURIED_US = 60_000_000, 600_000_000
LIVE = "00000000-0000-0000-0000-000000000000"
BILL, REPORT = "benchmarks.large.handlers.bill", "benchmarks.large.handlers.report"
FAILURE = "requests.exceptions.ConnectionError: the ledger service refused the connection"

_LETTERS = ("open", "open", "redriven", "redriven", "discarded")

at = moments()


def letter_state(fact: Fact) -> str:
    """Return how the letter of a buried event stands."""
    return _LETTERS[int(fact.id[-1], 16) % len(_LETTERS)]


def digest(fact: Fact) -> str:
    """Return the SHA-256 of the value, as COPY reads bytes."""
    return f"\\\\x{hashlib.sha256(fact.value.encode()).hexdigest()}"


def subject(fact: Fact) -> str:
    """Return the subject; not every publisher names one."""
    return f"orders/{fact.key}" if fact.number % 4 else ""


def dedupe_key(fact: Fact) -> str:
    """Return the key under which billing knows the event."""
    return f"billing:{fact.key}:{fact.line}"


def event_row(fact: Fact, sha256: str) -> str:
    """Return the line of the event."""
    accepted = at(fact.at_us)
    return (
        f"{fact.id}\t{SOURCE}\t{fact.id}\t{fact.topic}\t{fact.key}\t{fact.type}\t{subject(fact)}"
        f"\tapplication/json\t{fact.value}\t{sha256}\t[]\t\t{accepted}\t{accepted}"
        f"\t{fact.publisher}\trequest-{fact.number}\t\n"
    )


def publication_rows(fact: Fact, *, first_id: int) -> Iterator[str]:
    """Yield the line of the write to Kafka, and of the second one if it was republished."""
    if fact.offset is None:
        return
    at_us = fact.at_us + PUBLISHED_US
    where = f"{fact.id}\t{fact.topic}\t{fact.partition}"
    yield f"{first_id}\t{where}\t{fact.offset}\t{at(at_us)}\tfirst\t{fact.publisher}\n"
    if fact.fate == "republished":
        again = at(at_us + BURIED_US)
        yield f"{first_id + 1}\t{where}\t{fact.offset + 1}\t{again}\trepublish\toperator\n"


def consumption_rows(fact: Fact, sha256: str, *, first_id: int) -> Iterator[str]:
    """Yield the lines of the two groups' ledger rows, as far as they came."""
    if fact.offset is None:
        return
    first = at(fact.at_us + BEGUN_US)
    told = f"{LIVE}\t{fact.id}\t{SOURCE}\t{fact.id}\t{sha256}\t{fact.topic}\t{fact.partition}"
    told = f"{told}\t{fact.offset}"
    done = at(fact.at_us + DONE_US)
    row = f"{first_id}\t{REPORTS}\t{REPORTS}:{SOURCE}/{fact.id}\t{told}\t{REPORT}"
    yield f"{row}\tsucceeded\t1\tapp-2\t52\t\\N\t\t0\t\\N\t{first}\t{done}\t\n"
    if fact.fate != "copied" or fact.line == fact.number:
        row = f"{first_id + 1}\t{BILLING}\t{dedupe_key(fact)}\t{told}\t{BILL}"
        if fact.fate in _STANDINGS and not _is_redriven(fact):
            yield f"{row}\t{_standing(fact, first)}\n"
        else:
            yield f"{row}\tsucceeded\t1\tapp-1\t41\t\\N\t\t0\t\\N\t{first}\t{done}\t\n"


def _is_redriven(fact: Fact) -> bool:
    return fact.fate == "buried" and letter_state(fact) == "redriven"


# The fates that show in the ledger: the outcome, its attempts, microseconds until its end.
_STANDINGS: dict[str, tuple[str, int, int | None]] = {
    "retried": ("succeeded", 2, RETRIED_US),
    "buried": ("dead_lettered", 3, BURIED_US),
    "quarantined": ("quarantined", 3, None),
    "unknown": ("unknown", 1, BURIED_US),
    "retrying": ("retrying", 1, None),
}


def _standing(fact: Fact, first: str) -> str:
    outcome, attempts, after_us = _STANDINGS[fact.fate]
    finished = "\\N" if after_us is None else at(fact.at_us + after_us)
    is_unknown, is_retrying = outcome == "unknown", outcome == "retrying"
    began = at(fact.at_us + DONE_US) if is_unknown else "\\N"
    reference = f"<bill-{fact.key}-{fact.line}@example.com>" if is_unknown else ""
    following = at(fact.at_us + RETRIED_US) if is_retrying else "\\N"
    error = FAILURE if is_retrying or outcome in {"dead_lettered", "quarantined"} else ""
    return (
        f"{outcome}\t{attempts}\tapp-1\t41\t{began}\t{reference}\t{int(is_unknown)}\t{following}"
        f"\t{first}\t{finished}\t{error}"
    )

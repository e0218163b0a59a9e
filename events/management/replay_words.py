"""Replays in words: what was asked for, what became of the messages, what a state means."""

from datetime import datetime

from events.models import Replay
from events.replaying.counters import (
    ABSENT,
    ARCHIVED,
    DEAD_LETTERED,
    DONE,
    FAILED,
    IN_WORK,
    OTHER,
    QUARANTINED,
    SUCCEEDED,
    UNDECODABLE,
    UNKNOWN,
)
from events.replaying.request import All, Offsets, ReplayRequest, Times
from events.replaying.stored_request import request_of

COUNTED = {
    SUCCEEDED: "run and done",
    FAILED: "run, and dead letters now",
    DONE: "done already",
    DEAD_LETTERED: "left: dead letters from before",
    UNKNOWN: "left: nobody knows whether their effect happened",
    QUARANTINED: "left: their key is closed",
    IN_WORK: "left: the group has them in work",
    UNDECODABLE: "undecodable: dead letters, for no handler can get them",
    OTHER: "passed over: not chosen, or without a handler",
    ARCHIVED: "of all these came from the archive",
    ABSENT: "offsets hold no message any more",
}
SHORT = {
    SUCCEEDED: "run",
    FAILED: "failed",
    DONE: "done already",
    DEAD_LETTERED: "dead-lettered",
    UNKNOWN: "unknown",
    QUARANTINED: "quarantined",
    IN_WORK: "in work",
    UNDECODABLE: "undecodable",
    OTHER: "other",
    ABSENT: "absent",
}


def asked_for(replay: Replay) -> str:
    """Return what the replay does, as: `missing of orders, offsets 3 to 9, only type a.b`."""
    request = request_of(replay)
    parts = [f"{request.mode} of {', '.join(request.topics)}", range_in_words(request)]
    if request.type is not None:
        parts.append(f"only type {request.type}")
    if request.key is not None:
        parts.append(f"only key {request.key.decode('utf-8', 'backslashreplace')!r}")
    if request.rate is not None:
        parts.append(f"{request.rate:g} a second at most")
    if request.from_archive:
        parts.append("from the archive where Kafka has it no longer")
    return ", ".join(parts)


def range_in_words(request: ReplayRequest) -> str:
    """Return which part of the topics was asked for."""
    match request.range:
        case Times(start=start, before=before):
            return _between(_text(start), _text(before))
        case Offsets(first=first, before=end, partition=partition, by_partition=own):
            place = "" if partition is None else f" of partition {partition}"
            of_own = [
                f"{topic}:{number} {_between(*map(_text, bounds))}"
                for (topic, number), bounds in sorted((own or {}).items())
            ]
            general = f"offsets{place} {_between(_text(first), _text(end))}"
            is_general = not own or (first, end, partition) != (None, None, None)
            return ", ".join([general, *of_own] if is_general else of_own)
        case All():
            return "all"


def number(count: int) -> str:
    """Return a count for people to read."""
    return f"{count:,}"


def _between(low: str | None, high: str | None) -> str:
    if low is None and high is None:
        return "from the beginning"
    return " ".join([*([f"from {low}"] if low else []), *([f"before {high}"] if high else [])])


def _text(bound: int | datetime | None) -> str | None:
    return None if bound is None else str(bound)

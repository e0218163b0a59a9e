"""Chosen dead letters, each with a verdict: handed back, a key released instead, or left."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from events.models import DeadLetter

State = DeadLetter.State
LOOKED_AT = ("id", "group", "topic", "exception", "handler", "state", "result")

_NOT_OPEN = {
    State.HELD: "waits in order behind its closed key: release the key",
    State.REDRIVING: "is on its way",
    State.REDRIVEN: "was redriven already",
    State.DISCARDED: "was discarded",
}


class Candidate(NamedTuple):
    """A chosen letter, without its bytes."""

    id: UUID
    group: str
    topic: str
    exception: str
    handler: str
    state: str
    result: str


def candidates(rows: Iterable[tuple[object, ...]]) -> list[Candidate]:
    """Return the candidates in rows of LOOKED_AT."""
    return [Candidate._make(row) for row in rows]


def candidate_of(letter: DeadLetter) -> Candidate:
    """Return the candidate that a letter is."""
    return Candidate._make(getattr(letter, name) for name in LOOKED_AT)


def not_open(candidate: Candidate) -> str:
    """Return why a letter that is not open cannot be handed back."""
    why = _NOT_OPEN[State(candidate.state)]
    return f"{candidate.id}: {why}{f' ({candidate.result})' if candidate.result else ''}"


def unsubscribed(left: Iterable[Candidate], *, is_by_name: bool) -> list[str]:
    """Return why letters are left whose group takes nothing of their topic any more."""
    left = list(left)
    if is_by_name:
        return [f"{each.id}: {each.group} no longer subscribes to {each.topic}" for each in left]
    counts = Counter((each.group, each.topic) for each in left)
    return [
        f"{count} of {topic}: {group} no longer subscribes to it"
        for (group, topic), count in sorted(counts.items())
    ]

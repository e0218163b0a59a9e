"""The entries of a waybill's time line: what can happen to an event, in words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from events.models import LIVE

FORCED = "forced replay"


class Kind(StrEnum):
    """What an entry tells; the order breaks ties between entries of one moment."""

    ACCEPTED = "accepted"
    WAITING = "waiting"
    PARKED = "parked"
    PUBLISHED = "published"
    REPLAYED = "replayed"
    STARTED = "started"
    EFFECT_BEGAN = "effect_began"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    SUCCEEDED = "succeeded"
    UNKNOWN = "unknown"
    QUARANTINED = "quarantined"
    DEAD_LETTERED = "dead_lettered"
    HELD = "held"
    REDRIVING = "redriving"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"
    RETRYING = "retrying"
    ACTION = "action"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """The place among entries of the same moment."""
        return _RANKS[self]


_RANKS = {kind: place for place, kind in enumerate(Kind)}


class Target(NamedTuple):
    """The row an entry speaks of: its type in the words of the audit, and its id as text."""

    type: str
    id: str


Fact = tuple[str, str | int | datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One thing that happened, or is due, at one moment."""

    at: datetime
    kind: Kind
    summary: str
    group: str = ""
    details: tuple[Fact, ...] = ()
    target: Target | None = None


def facts(*pairs: tuple[str, str | int | datetime | None]) -> tuple[Fact, ...]:
    """Keep the pairs that say something, in their order."""
    return tuple((name, value) for name, value in pairs if value not in (None, ""))


def replay_fact(*, generation: UUID, replay: UUID | None = None) -> tuple[str, str]:
    """Name the replay that ran something, and whether it was a forced one; empty for none."""
    if generation != LIVE:
        return FORCED, str(generation)
    return "replay", str(replay or "")


def seconds(duration_s: float | None) -> str | None:
    """Return a duration as people read it: `850 ms`, `12.3 s`."""
    if duration_s is None:
        return None
    return f"{duration_s * 1000:.0f} ms" if duration_s < 1 else f"{duration_s:.1f} s"

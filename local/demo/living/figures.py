"""Figures: all that the table shows, as it was at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from local.demo.living.gauge import Reading

Condition = Literal["up", "frozen", "stopped", "down"]  # down: died, and about to be started


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What the database tells; of this run and all before it."""

    orders: int
    published: int  # events with a publication
    backlog: int
    parked: int
    oldest_s: float | None  # the age of the oldest entry of the backlog
    events_by_hand: int
    sent: int  # invoices that the mail server took
    sent_by_hand: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Mails:
    """What arrived in the mailboxes, and how many a second during the last ten seconds."""

    total: int
    by_hand: int
    per_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PartState:
    """One process or service. `pid` is None when there is none."""

    name: str
    condition: Condition
    pid: int | None = None
    up_s: float = 0.0
    restarts: int = 0
    answers: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One table."""

    lived_s: float
    every_s: float  # between two orders
    trouble: str  # why no order gets through now
    counts: Reading[Counts]
    lag: Mapping[str, Reading[int]]
    mails: Reading[Mails]
    parts: Sequence[PartState]
    notes: Sequence[str]

"""Verdict: what a crash run's history and its faults come to, in figures."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.checker import invariants
from tests.checker.history import History
from tests.checker.violation import Violation
from tests.crash.load import LoadStatus
from tests.crash.nemesis import Fault
from tests.crash.plan import KILL
from tests.crash.topics import INVOICES_TOPIC

SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubledMail:
    """An order with more than one mail; each copy needs an outcome that was unknown."""

    order_id: str
    mails: int
    unknown: int

    @property
    def is_explained(self) -> bool:
        """Whether the audit told of each further copy before it was sent."""
        return self.unknown >= self.mails - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovery:
    """How long it took, in seconds; by the nearest rank."""

    samples: int
    p50_s: float
    p99_s: float
    max_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What the run itself knows."""

    seed: int
    command: str
    duration_s: float
    load_s: float
    is_interrupted: bool
    faults: tuple[Fault, ...]
    drained_after_s: tuple[float, ...]  # after each calm: backlog and lag at zero
    load: LoadStatus
    troubles: tuple[str, ...] = ()


class Verdict:
    """Clean, or why not."""

    def __init__(self, run: Run, history: History) -> None:
        self.run = run
        self.violations = invariants.violations(history)
        self.lost = _count(self.violations, "I1")
        self.doubled_effects = sum(each.count for each in invariants.effects_happen_once(history))
        self.order_violations = _count(self.violations, "I3")
        self.audit_lies = _count(self.violations, "I4")
        self.unknown_outcomes = sum(each.unknown_count for each in history.consumptions)
        self.dead_letters = Counter(each.reason for each in history.dead_letters)
        self.records = len(history.records)
        self.mails = len(history.mails)
        self.calls = len(history.trace)
        self.effects = len(history.effects)
        self.mails_doubled = _doubled_mails(history)
        self.orders_without_mail = _orders_without_mail(history)
        self.troubles = [*run.troubles, *_not_back(run.faults)]

    @property
    def is_clean(self) -> bool:
        """Whether every promise was kept and every process came back."""
        return not (
            self.violations
            or self.dead_letters
            or self.orders_without_mail
            or self.troubles
            or self.run.load.refused
        )

    @property
    def kills(self) -> int:
        """How many were killed by SIGKILL."""
        return sum(each.kind == KILL for each in self.run.faults)

    @property
    def achieved_events_per_s(self) -> float:
        """Events accepted per second in which there was load."""
        return self.run.load.events / self.run.load_s if self.run.load_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """Every figure."""
        run = self.run
        return {
            "seed": run.seed,
            "command": run.command,
            "clean": self.is_clean,
            "interrupted": run.is_interrupted,
            "duration_s": round(run.duration_s, 1),
            "kills": self.kills,
            "faults": faults_by_target(run.faults),
            "events_accepted": run.load.events,
            "orders_accepted": run.load.orders,
            "achieved_events_per_s": round(self.achieved_events_per_s, 1),
            "answers": run.load.answers,
            "refused": run.load.refused,
            "records": self.records,
            "handler_calls": self.calls,
            "effects": self.effects,
            "mails": self.mails,
            "lost": self.lost,
            "orders_without_mail": self.orders_without_mail[:SHOWN],
            "doubled_effects": self.doubled_effects,
            "mails_doubled": [
                {**asdict(each), "explained": each.is_explained} for each in self.mails_doubled
            ],
            "mails_unexplained": sum(not each.is_explained for each in self.mails_doubled),
            "order_violations": self.order_violations,
            "audit_lies": self.audit_lies,
            "dead_letters": dict(self.dead_letters),
            "unknown_outcomes": self.unknown_outcomes,
            "recovery_of_the_harmed": _json(recovery(_backs(run.faults))),
            "recovery_by_target": _by_target(run.faults),
            "recovery_of_the_whole": _json(recovery(run.drained_after_s)),
            "violations": [str(each) for each in self.violations],
            "troubles": self.troubles,
            "timeline": [asdict(each) for each in run.faults],
        }


def faults_by_target(faults: Iterable[Fault]) -> dict[str, dict[str, int]]:
    """Return how often each kind of fault was done, by target."""
    found: dict[str, Counter[str]] = {}
    for fault in faults:
        found.setdefault(fault.target, Counter())[fault.kind] += 1
    return {target: dict(found[target]) for target in sorted(found)}


def recovery(samples: Sequence[float]) -> Recovery | None:
    """Return the ranks of the samples; None where there are none."""
    if not samples:
        return None
    ordered = sorted(samples)

    def rank(share: float) -> float:
        return ordered[math.ceil(share * len(ordered)) - 1]

    return Recovery(samples=len(ordered), p50_s=rank(0.50), p99_s=rank(0.99), max_s=ordered[-1])


def _backs(faults: Iterable[Fault], *, target: str = "") -> list[float]:
    return [
        each.back_after_s
        for each in faults
        if each.back_after_s is not None and target in {"", each.target}
    ]


def _by_target(faults: Sequence[Fault]) -> dict[str, dict[str, float] | None]:
    targets = sorted({each.target for each in faults})
    return {target: _json(recovery(_backs(faults, target=target))) for target in targets}


def _json(found: Recovery | None) -> dict[str, float] | None:
    return {name: round(value, 2) for name, value in asdict(found).items()} if found else None


def _count(violations: Iterable[Violation], invariant: str) -> int:
    return sum(each.count for each in violations if each.invariant == invariant)


def _doubled_mails(history: History) -> list[DoubledMail]:
    unknown = Counter[str]()
    for row in history.consumptions:
        unknown[row.dedupe_key.rpartition(":")[2]] += row.unknown_count
    mails = Counter(each.order_id for each in history.mails)
    return [
        DoubledMail(order_id=order, mails=count, unknown=unknown[order])
        for order, count in sorted(mails.items())
        if count > 1
    ]


def _orders_without_mail(history: History) -> list[str]:
    """Return the orders that were accepted and of which nobody heard."""
    invoiced = {each.order_id for each in history.mails}
    return sorted(
        each.key or ""
        for each in history.accepted
        if each.topic == INVOICES_TOPIC and each.key not in invoiced
    )


def _not_back(faults: Iterable[Fault]) -> list[str]:
    return [f"{each.target} after {each.kind}: {each.trouble}" for each in faults if each.trouble]

"""The account: a replay's counters, positions and report, saved together with its lease."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from events.errors import WaybillError
from events.kafka.record import Partition
from events.models import Replay
from events.replaying.archive import NAMED, Known
from events.replaying.counters import ABSENT
from events.sql import run

GAPS = 200  # in one report

_SAVE = """
    UPDATE events_replay
    SET counters = %(counters)s::jsonb, positions = %(positions)s::jsonb,
        report = %(report)s::jsonb, progress_at = now()
    WHERE id = %(id)s AND lease_token = %(token)s::uuid
    RETURNING id
"""


class LeaseLost(WaybillError):
    """Another process runs the replay now: this one must not count any more."""


@dataclass(kw_only=True, slots=True)
class Account:
    """What is saved is consistent: the counters are those of everything before the positions."""

    replay: UUID
    token: UUID
    counters: Counter[str] = field(default_factory=Counter)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    are_gaps_cut: bool = False
    note: str = ""

    @classmethod
    def of(cls, replay: Replay, *, token: UUID) -> "Account":
        """Return the account as it was saved last."""
        report = replay.report
        return cls(
            replay=replay.pk,
            token=token,
            counters=Counter(replay.counters),
            gaps=list(report.get("gaps", [])),
            are_gaps_cut=bool(report.get("gaps_cut", False)),
        )

    def count(self, verdicts: Iterable[str]) -> None:
        """Count messages that are passed."""
        self.counters.update(verdicts)

    def miss(self, where: Partition, first: int, before: int, *, known: Known) -> None:
        """Note offsets that hold no message; what is next to another gap becomes one with it."""
        self.counters[ABSENT] += before - first
        last = self._gap_that_ends(where, first)
        if last is None:
            if len(self.gaps) >= GAPS and not self._make_room(before - first):
                return
            last = {"topic": where[0], "partition": where[1], "from": first}
            last |= {"offsets": 0, "events": [], "events_count": 0}
            self.gaps.append(last)
        last["to"] = before
        last["offsets"] += before - first
        last["events"] = [*last["events"], *known.ids][:NAMED]
        last["events_count"] += known.number

    def save(self, positions: Mapping[str, int]) -> None:
        """Write it all, if the lease is ours; raises LeaseLost if it is not."""
        report = {"gaps": self.gaps, "gaps_cut": self.are_gaps_cut, "note": self.note}
        saved = run(
            _SAVE,
            {
                "id": self.replay,
                "token": self.token,
                "counters": _json(dict(self.counters)),
                "positions": _json(positions),
                "report": _json(report),
            },
        )
        if not saved:
            raise LeaseLost(f"replay {self.replay} is run by another process now")

    def _make_room(self, offsets: int) -> bool:
        """Drop the smallest gap, if smaller than `offsets`: each end of a transaction is one."""
        self.are_gaps_cut = True
        smallest = min(self.gaps, key=lambda gap: int(gap["offsets"]))
        if smallest["offsets"] >= offsets:
            return False
        self.gaps.remove(smallest)
        return True

    def _gap_that_ends(self, where: Partition, at: int) -> dict[str, Any] | None:
        for gap in reversed(self.gaps):
            if (gap["topic"], gap["partition"]) == where:
                return gap if gap["to"] == at else None
        return None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

"""Ledger row: what stands in the ledger for a key that was seen before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.consuming.imprint import imprint


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A ledger row that existed before: `due_in_s` is how long it stays in another's hands."""

    id: int
    outcome: str
    attempts: int
    event: str  # the imprint
    effect_began: bool
    unknown_count: int
    due_in_s: float
    age_s: float
    effect_payload: bytes | None

    @property
    def is_finished(self) -> bool:
        """Whether the key is done or waits for people: the message is skipped."""
        return self.outcome not in {"started", "retrying"}

    @property
    def was_given_up(self) -> bool:
        """Whether its message became a dead letter, which may be handed back."""
        return self.outcome in {"dead_lettered", "quarantined"}

    @property
    def closes_key(self) -> bool:
        """Whether what follows its message under the same key has to be held."""
        return self.outcome == "quarantined"


def row_of(facts: Sequence[Any]) -> Row:
    """Make a row of what the ledger's look-up selects, in its order."""
    row_id, outcome, attempts, source, ce_id, digest, began, unknown, *rest = facts
    due_in_s, age_s, payload = rest
    return Row(
        id=row_id,
        outcome=outcome,
        attempts=attempts,
        event=imprint(f"{source}/{ce_id}", digest),
        effect_began=began,
        unknown_count=unknown,
        due_in_s=due_in_s or 0.0,
        age_s=age_s,
        effect_payload=payload,
    )

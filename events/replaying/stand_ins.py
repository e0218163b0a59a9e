"""Stand-ins: what a replay has in the place of parts that belong to the living group."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from events.consuming.closed_keys import ClosedKeys
from events.consuming.dedupe import DedupeCache, Mark
from events.consuming.delivery import Delivery


class OpenKeys(ClosedKeys):
    """A replay holds nothing behind a closed key and closes none: it is left out before."""

    def holds(self, delivery: Delivery) -> bool:
        """Hold nothing."""
        return False

    def can_close(self, delivery: Delivery) -> bool:
        """Close nothing."""
        return False

    def refresh(self, version: object = None) -> None:
        """Look at nothing."""


class NoErrands:
    """Letters are the living group's to run."""

    def run_if_due(self) -> None:
        """Do nothing."""

    def look_soon(self) -> None:
        """Look for nothing."""


@dataclass(frozen=True, slots=True)
class MarkOnly:
    """Redis is told what a replay did, and asked nothing: the ledger alone decides."""

    cache: DedupeCache

    def done_by(self, dedupe_keys: Sequence[str]) -> dict[str, str]:
        """Know of nothing."""
        return {}

    def mark(self, marks: Iterable[Mark]) -> None:
        """Have Redis remember what is done."""
        self.cache.mark(marks)

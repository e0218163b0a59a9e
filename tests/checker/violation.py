"""Violation: an invariant that does not hold, as the checker tells it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHOWN = 5  # examples in a violation's text; the count is always exact


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """An invariant (I1 to I5) that does not hold, how often, and a few examples."""

    invariant: str
    what: str
    count: int
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = f": {', '.join(self.examples)}" if self.examples else ""
        return f"{self.invariant} {self.what} ({self.count}){shown}"


def told(invariant: str, what: str, found: Sequence[object]) -> Iterator[Violation]:
    """Tell what was found, if anything was."""
    if found:
        examples = tuple(map(str, found[:SHOWN]))
        yield Violation(invariant=invariant, what=what, count=len(found), examples=examples)

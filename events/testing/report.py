"""Report: what a drain did, in numbers for asserts."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.models import Consumption, DeadLetter


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What became of the messages between the beginning and the end of one call of the kit.

    messages: taken from Kafka and done with, whether a handler ran, it was done already, or failed
    handled: dedupe keys that got their effect
    attempts: how often a handler was called; more than `handled` where something was tried again
    dead_letters: messages set aside for good
    unknown: external effects of which nobody knows whether they happened, waiting for people
    crashed_at: the step at which a process died; then it is what was done until there
    """

    messages: int
    handled: int
    attempts: int
    dead_letters: int
    unknown: int
    crashed_at: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """The rows of some groups that a report counts, at one moment."""

    handled: int
    dead_letters: int
    unknown: int


def tally(groups: Sequence[str]) -> Tally:
    """Count the rows as they are now."""
    rows = Consumption.objects.filter(group__in=groups)
    return Tally(
        handled=rows.filter(outcome=Consumption.Outcome.SUCCEEDED).count(),
        dead_letters=DeadLetter.objects.filter(group__in=groups).open().count(),
        unknown=rows.unknown().count(),
    )

"""Remainder: what some groups have still to do, told so that a person understands it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db.models import Count

from events.consuming.subscriptions import subscriptions
from events.models import ClosedKey, Consumption, DeadLetter, Pause
from events.publishing.backlog import backlog
from events.testing import broker

_TOLD = 5  # of a kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Remainder:
    """What waits: `passing` goes on by itself, `for_people` does not."""

    passing: tuple[str, ...] = ()
    for_people: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.passing or self.for_people)

    def __str__(self) -> str:
        return "".join(f"\n  {each}" for each in (*self.passing, *self.for_people))


def remainder_of(groups: Collection[str]) -> Remainder:
    """Return what waits in the outbox, in Kafka, in the ledger and among the letters."""
    passing = [*_in_outbox(), *_in_ledger(groups)]
    for_people = [*_pauses(groups)]
    for group in groups:
        passing += _in_kafka(group)
    for letters, waits_for_people in _letters(groups):
        (for_people if waits_for_people else passing).append(letters)
    return Remainder(passing=tuple(passing), for_people=tuple(for_people))


def _in_outbox() -> Iterator[str]:
    if pending := backlog().pending:
        yield f"{pending} events are in the outbox"


def _in_kafka(group: str) -> Iterator[str]:
    topics = {each.topic for each in subscriptions(group)}
    for each in broker.partitions(topics, group=group):
        if each.lag:
            where = f"{each.topic}:{each.partition}"
            yield (
                f"group {group!r} has not read {each.lag} messages of {where} "
                f"(committed {each.committed}, end {each.end})"
            )


def _in_ledger(groups: Collection[str]) -> Iterator[str]:
    unfinished = Consumption.objects.filter(
        group__in=groups,
        outcome__in=[Consumption.Outcome.STARTED, Consumption.Outcome.RETRYING],
    )
    for row in unfinished.order_by("id")[:_TOLD]:
        why = f": {row.error}" if row.error else ""
        yield (
            f"group {row.group!r}: {row.dedupe_key!r} is {row.outcome} "
            f"after {row.attempts} attempts{why}"
        )


def _letters(groups: Collection[str]) -> Iterator[tuple[str, bool]]:
    waiting = DeadLetter.objects.filter(
        group__in=groups, state__in=[DeadLetter.State.HELD, DeadLetter.State.REDRIVING]
    )
    for group, topic, key, state, number in waiting.values_list(
        "group", "topic", "key", "state"
    ).annotate(Count("id"))[:_TOLD]:
        closed = ClosedKey.objects.filter(group=group, topic=topic, key=key)
        is_for_people = (
            state == DeadLetter.State.HELD
            and closed.exclude(cause=ClosedKey.Cause.RETRYING)
            .filter(released_at=None, until=None)
            .exists()
        )
        yield f"group {group!r}: {number} messages of {topic} are {state}", is_for_people


def _pauses(groups: Collection[str]) -> Iterator[str]:
    for pause in Pause.objects.filter(group__in=groups, resumed_at=None, until=None)[:_TOLD]:
        yield f"{pause} is paused by {pause.by or 'nobody'}: resume it first"

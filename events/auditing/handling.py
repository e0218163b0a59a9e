"""Handling: what the groups did with one message, each generation of the ledger by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from events.auditing import timeline
from events.auditing.entries import Entry
from events.auditing.letter_entries import of_dead_letters
from events.auditing.timeline import Key
from events.models import LIVE, Attempt, Consumption, DeadLetter, Replay

LIMIT = 200  # rows of one kind; no message has that many unless something is badly wrong

Row = TypeVar("Row", bound=Model)

_SKIPS = {Attempt.Result.DUPLICATE, Attempt.Result.CONFLICT}
_HEAVY = [f"replay__{name}" for name in ("plan", "positions", "counters", "report", "bounds")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    """What groups did with a message, without its bytes, and the replays that ran it.

    `originals` are the ledger rows that hold a dedupe key for which this message was skipped.
    """

    attempts: tuple[Attempt, ...]
    dead_letters: tuple[DeadLetter, ...]
    consumptions: tuple[Consumption, ...]
    originals: tuple[Consumption, ...]

    @property
    def replays(self) -> tuple[Replay, ...]:
        """Return the replays that ran the message, in the order in which they were asked for."""
        skipped = [row for row in self.originals if row.generation != LIVE]
        rows: tuple[Consumption | DeadLetter, ...]
        rows = (*self.consumptions, *skipped, *self.dead_letters)
        found = {row.replay.pk: row.replay for row in rows if row.replay is not None}
        return tuple(sorted(found.values(), key=lambda each: (each.requested_at, each.pk)))

    @property
    def is_empty(self) -> bool:
        """Whether no group wrote anything down."""
        return not (self.attempts or self.dead_letters or self.consumptions)

    @property
    def is_complete(self) -> bool:
        """Whether there were no more rows of a kind than are read."""
        kinds: tuple[Sequence[Model], ...] = (self.attempts, self.dead_letters, self.consumptions)
        return all(len(rows) < LIMIT for rows in kinds)

    def entries(self) -> Iterator[Entry]:
        """Tell all of it, in no order."""
        for replay in self.replays:
            yield timeline.of_replay(replay, began_at=self._began(replay))
        originals = {_key(row): row for row in self.originals}
        yield from timeline.of_attempts(self.attempts, originals=originals)
        yield from of_dead_letters(self.dead_letters)
        successes = {
            _key(row): row for row in self.attempts if row.result == Attempt.Result.SUCCEEDED
        }
        given_up = {_place(letter) for letter in self.dead_letters}
        for row in self.consumptions:
            if row.outcome == Consumption.Outcome.DEAD_LETTERED and _place(row) in given_up:
                continue  # the letter tells it
            yield from timeline.of_consumption(row, success=successes.get(_key(row)))

    def _began(self, replay: Replay) -> datetime:
        """Return when the replay came to this message."""
        consumptions = (row.first_at for row in self.consumptions if row.replay_id == replay.pk)
        letters = (row.created_at for row in self.dead_letters if row.replay_id == replay.pk)
        attempts = (row.started_at for row in self.attempts if row.generation == replay.pk)
        return min(chain(consumptions, letters, attempts))


def handling_of(event_id: UUID) -> Handling:
    """Return what was done with an event: three queries.

    What a group writes in one transaction is read from the end: the ledger is never older than the
    attempts and the letters beside it, so that it never waits for what they say was done.
    """
    attempts = bounded(Attempt.objects.filter(event=event_id).order_by("id"))
    letters = bounded(_letters().filter(event=event_id).order_by("created_at", "id"))
    skipped = {_key(row) for row in attempts if row.result in _SKIPS}
    wanted = Q(event=event_id)
    for group, dedupe_key, generation in skipped:
        wanted |= Q(group=group, dedupe_key=dedupe_key, generation=generation)
    rows = tuple(_ledger().filter(wanted).order_by("id")[: 2 * LIMIT])
    return Handling(
        attempts=attempts,
        dead_letters=letters,
        consumptions=tuple(row for row in rows if row.event_id == event_id)[:LIMIT],
        originals=tuple(row for row in rows if _key(row) in skipped)[:LIMIT],
    )


def handling_by(*, letters: Sequence[UUID], consumptions: Sequence[int]) -> Handling:
    """Return what was done with the message of these letters and ledger rows: three queries.

    A skip leaves neither: it is found only with the key of a row that is given.
    """
    found = bounded(_letters().filter(pk__in=letters).order_by("created_at", "id"))
    rows = bounded(_ledger().filter(pk__in=consumptions).order_by("id"))
    wanted = Q(pk__in=[])
    for row in rows:
        group, dedupe_key, generation = _key(row)
        wanted |= Q(
            group=group,
            dedupe_key=dedupe_key,
            generation=generation,
            topic=row.topic,
            partition=row.partition,
            offset=row.offset,
        )
    return Handling(
        attempts=bounded(Attempt.objects.filter(wanted).order_by("id")),
        dead_letters=found,
        consumptions=rows,
        originals=(),
    )


def bounded(rows: QuerySet[Row]) -> tuple[Row, ...]:
    """Return the first LIMIT rows."""
    return tuple(rows[:LIMIT])


def _ledger() -> QuerySet[Consumption]:
    rows = Consumption.objects.select_related("replay")
    return rows.defer("effect_payload", "message", *_HEAVY)


def _letters() -> QuerySet[DeadLetter]:
    rows = DeadLetter.objects.select_related("replay")
    return rows.defer("key", "value", "headers", "traceback", *_HEAVY)


def _key(row: Attempt | Consumption) -> Key:
    return row.group, row.dedupe_key, row.generation


def _place(row: Consumption | DeadLetter) -> tuple[str, UUID, str, int, int]:
    return row.group, row.generation, row.topic, row.partition, row.offset

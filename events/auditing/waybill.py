"""The waybill: everything known about one event, read by index in a handful of queries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Length

from events.auditing import timeline
from events.auditing.entries import Entry
from events.auditing.letter_entries import of_dead_letters
from events.models import (
    Attempt,
    Consumption,
    DeadLetter,
    Event,
    OperatorAction,
    OutboxEntry,
    Publication,
)

LIMIT = 200  # rows of one kind; no event has that many unless something is badly wrong

Row = TypeVar("Row", bound=Model)


class State(StrEnum):
    """Where an event stands on its way to Kafka; derived, never stored."""

    ACCEPTED = "accepted"
    PUBLISHED = "published"
    PARKED = "parked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waybill:
    """What happened to one event.

    The bytes of `event.value`, of dead letters and kept effects are read from the database only
    when asked for. `originals` are ledger rows of other events that hold a dedupe key of this one.
    `is_complete` is False if LIMIT rows of one kind were read; newer ones are then left out.
    """

    event: Event
    state: State
    value_bytes: int | None  # None: a tombstone
    outbox: tuple[OutboxEntry, ...]
    publications: tuple[Publication, ...]
    consumptions: tuple[Consumption, ...]
    originals: tuple[Consumption, ...]
    attempts: tuple[Attempt, ...]
    dead_letters: tuple[DeadLetter, ...]
    actions: tuple[OperatorAction, ...]
    timeline: tuple[Entry, ...]
    is_complete: bool


def waybill(event_id: UUID) -> Waybill:
    """Return the waybill of the event; raises Event.DoesNotExist. At most eight queries."""
    event = Event.objects.defer("value").annotate(value_bytes=Length("value")).get(pk=event_id)
    # The outbox before the publications: an entry delivered meanwhile is told twice, never lost.
    outbox = _bounded(OutboxEntry.objects.filter(event=event_id).order_by("sequence"))
    publications = _bounded(Publication.objects.filter(event=event_id).order_by("id"))
    consumptions = _bounded(_ledger().filter(event=event_id).order_by("id"))
    attempts = _bounded(Attempt.objects.filter(event=event_id).order_by("id"))
    letters = _bounded(
        DeadLetter.objects.filter(event=event_id)
        .defer("key", "value", "headers", "traceback")
        .order_by("created_at", "id")
    )
    originals = _originals(attempts)
    actions = _bounded(
        _actions_on(event_id, outbox=outbox, letters=letters, consumptions=consumptions)
    )
    rows = (outbox, publications, consumptions, attempts, letters, actions)
    return Waybill(
        event=event,
        state=_state(outbox, publications),
        value_bytes=vars(event)["value_bytes"],  # the annotation
        outbox=outbox,
        publications=publications,
        consumptions=consumptions,
        originals=originals,
        attempts=attempts,
        dead_letters=letters,
        actions=actions,
        timeline=timeline.in_order(
            chain(
                timeline.of_event(event),
                timeline.of_outbox(outbox),
                timeline.of_publications(publications),
                _handled(consumptions, originals=originals, attempts=attempts, letters=letters),
                of_dead_letters(letters),
                timeline.of_actions(actions),
            )
        ),
        is_complete=all(len(found) < LIMIT for found in rows),
    )


def state_of(event: Event) -> State:
    """Return the state of an event that was read through `with_state()`."""
    told = vars(event)
    if told["is_parked"]:
        return State.PARKED
    return State.PUBLISHED if told["is_published"] else State.ACCEPTED


def _bounded(rows: QuerySet[Row]) -> tuple[Row, ...]:
    return tuple(rows[:LIMIT])


def _ledger() -> QuerySet[Consumption]:
    return Consumption.objects.defer("effect_payload", "message")


def _state(outbox: Sequence[OutboxEntry], publications: Sequence[Publication]) -> State:
    if any(entry.parked_at and entry.cause == OutboxEntry.Cause.FIRST for entry in outbox):
        return State.PARKED
    return State.PUBLISHED if publications else State.ACCEPTED


def _originals(attempts: Sequence[Attempt]) -> tuple[Consumption, ...]:
    skipped = {Attempt.Result.DUPLICATE, Attempt.Result.CONFLICT}
    wanted = Q()
    for attempt in attempts:
        if attempt.result in skipped:
            wanted |= Q(
                group=attempt.group,
                dedupe_key=attempt.dedupe_key,
                generation=attempt.generation,
            )
    return _bounded(_ledger().filter(wanted).order_by("id")) if wanted else ()


def _actions_on(
    event_id: UUID,
    *,
    outbox: Sequence[OutboxEntry],
    letters: Sequence[DeadLetter],
    consumptions: Sequence[Consumption],
) -> QuerySet[OperatorAction]:
    wanted = Q(target_type="event", target_id=str(event_id))
    if outbox:
        sequences = [str(entry.sequence) for entry in outbox]
        wanted |= Q(target_type="outbox_entry", target_id__in=sequences)
    if letters:
        wanted |= Q(target_type="dead_letter", target_id__in=[str(row.pk) for row in letters])
    if consumptions:
        rows = [str(row.pk) for row in consumptions]
        wanted |= Q(target_type="consumption", target_id__in=rows)
    return OperatorAction.objects.filter(wanted).order_by("at", "id")


def _handled(
    consumptions: Sequence[Consumption],
    *,
    originals: Sequence[Consumption],
    attempts: Sequence[Attempt],
    letters: Sequence[DeadLetter],
) -> Iterator[Entry]:
    ledger = {(row.group, row.dedupe_key, row.generation): row for row in originals}
    successes = {
        (row.group, row.dedupe_key, row.generation): row
        for row in attempts
        if row.result == Attempt.Result.SUCCEEDED
    }
    yield from timeline.of_attempts(attempts, originals=ledger)
    told = {(letter.group, letter.topic, letter.partition, letter.offset) for letter in letters}
    for row in consumptions:
        given_up = row.outcome == Consumption.Outcome.DEAD_LETTERED
        if given_up and (row.group, row.topic, row.partition, row.offset) in told:
            continue  # the letter tells it
        success = successes.get((row.group, row.dedupe_key, row.generation))
        yield from timeline.of_consumption(row, success=success)

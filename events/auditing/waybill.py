"""The waybill: everything known about one event, read by index in a handful of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models.functions import Length

from events.auditing import timeline
from events.auditing.action_targets import Targets, actions_on, targets_of
from events.auditing.entries import Entry
from events.auditing.handling import LIMIT, bounded, handling_of
from events.grants import Right, grants_of
from events.models import (
    Attempt,
    Consumption,
    DeadLetter,
    Event,
    OperatorAction,
    OutboxEntry,
    Publication,
    Replay,
)


class State(StrEnum):
    """Where an event stands on its way to Kafka; derived, never stored."""

    ACCEPTED = "accepted"
    PUBLISHED = "published"
    PARKED = "parked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Waybill:
    """What happened to one event.

    The bytes of `event.value`, of dead letters and kept effects are read from the database only
    when asked for. `originals` are ledger rows that hold a dedupe key for which this event was
    skipped. `replays` ran the event. `is_complete` is False if LIMIT rows of one kind were read;
    newer ones, of actions the older ones, are then left out.
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
    replays: tuple[Replay, ...]
    actions: tuple[OperatorAction, ...]
    timeline: tuple[Entry, ...]
    is_complete: bool


def waybill(event_id: UUID, *, user: Any = None) -> Waybill:
    """Return the waybill of the event: seven queries, whatever is stored.

    Raises Event.DoesNotExist, with a `user` also where they may not read its topic.
    """
    event = _readable(event_id, user=user)
    # Backwards along the flow: whatever is told, what led to it was there when that was read.
    handling = handling_of(event_id)
    # But the outbox first: an entry delivered meanwhile is told twice, never lost.
    outbox = bounded(OutboxEntry.objects.filter(event=event_id).order_by("sequence"))
    publications = bounded(Publication.objects.filter(event=event_id).order_by("id"))
    entries = [entry.sequence for entry in outbox]
    own: Targets = [("event", [event_id]), ("outbox_entry", entries)]
    actions = actions_on([*own, *targets_of(handling)])
    return Waybill(
        event=event,
        state=_state(outbox, publications),
        value_bytes=vars(event)["value_bytes"],  # the annotation
        outbox=outbox,
        publications=publications,
        consumptions=handling.consumptions,
        originals=handling.originals,
        attempts=handling.attempts,
        dead_letters=handling.dead_letters,
        replays=handling.replays,
        actions=actions,
        timeline=timeline.in_order(
            chain(
                timeline.of_event(event),
                timeline.of_outbox(outbox),
                timeline.of_publications(publications),
                handling.entries(),
                timeline.of_actions(actions),
            )
        ),
        is_complete=handling.is_complete
        and all(len(rows) < LIMIT for rows in (outbox, publications, actions)),
    )


def state_of(event: Event) -> State:
    """Return the state of an event that was read through `with_state()`."""
    told = vars(event)
    if told["is_parked"]:
        return State.PARKED
    return State.PUBLISHED if told["is_published"] else State.ACCEPTED


def _readable(event_id: UUID, *, user: Any) -> Event:
    event = Event.objects.defer("value").annotate(value_bytes=Length("value")).get(pk=event_id)
    if user is not None and not grants_of(user).allows(Right.READ, event.topic):
        raise Event.DoesNotExist
    return event


def _state(outbox: Sequence[OutboxEntry], publications: Sequence[Publication]) -> State:
    if any(entry.parked_at and entry.cause == OutboxEntry.Cause.FIRST for entry in outbox):
        return State.PARKED
    return State.PUBLISHED if publications else State.ACCEPTED

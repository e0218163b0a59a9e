"""Dead letters: messages set aside with their original bytes, and how each is dealt with."""

import logging
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from events.consuming.delivery import Delivery, Fetched, Undecodable
from events.consuming.failure import Failure, storable
from events.consuming.letter_record import recorded_at, stored_headers
from events.errors import InvalidEvent
from events.kafka.record import Record
from events.models import DeadLetter

logger = logging.getLogger(__name__)

State = DeadLetter.State
_RUNNING = (State.REDRIVING, State.HELD)
_WAITING = (*_RUNNING, State.OPEN)


def bury(delivery: Delivery, *, failure: Failure, attempts: int) -> UUID:
    """Store an open dead letter in the caller's transaction; returns its id.

    The same message twice is stored once. A letter that fails again gets a child.
    """
    letter = _letter_of(delivery, state=State.OPEN, failure=failure, attempts=attempts)
    stored = _stored(letter, unless=_WAITING)
    _say(letter)
    return stored


def bury_undecodable(item: Undecodable, *, group: str) -> bool:
    """Store a dead letter for a message no handler can get, in the caller's transaction.

    Returns whether it is new: the same message twice is stored once.
    """
    error = f"{InvalidEvent.__module__}.{InvalidEvent.__qualname__}"
    failure = Failure(exception=error, error=storable(item.reason)[:2_000])
    letter = _letter(item, group=group, state=State.OPEN, failure=failure)
    stored = _stored(letter)
    settle(item, result=f"failed again: {stored}")
    is_new = stored == letter.pk
    if is_new:
        _say(letter)
    return is_new


def keep(delivery: Delivery, *, state: DeadLetter.State, failure: Failure, attempts: int) -> None:
    """Store a message that comes back by itself (held, or redriving), in the transaction."""
    letter = _letter_of(delivery, state=state, failure=failure, attempts=attempts)
    _stored(letter, unless=_WAITING)


def hold(deliveries: Sequence[Delivery]) -> None:
    """Store followers of closed keys, in the caller's transaction; those stored before stay."""
    nothing = Failure(exception="", error="")
    _store(
        [_letter_of(each, state=State.HELD, failure=nothing, attempts=0) for each in deliveries]
    )


def settle(item: Fetched, *, result: str) -> None:
    """Call the letter that the message comes from, if any, dealt with, in the transaction."""
    _end(item, state=State.REDRIVEN, result=result)


def hand_back(item: Fetched, *, result: str) -> None:
    """Give the letter back to people: nothing was done. In the caller's transaction."""
    _end(item, state=State.OPEN, result=result)


def settle_skipped(delivery: Delivery, *, done_by: str, outcome: str) -> None:
    """Deal with a letter whose key another event has; in the caller's transaction.

    Only what was done is settled: a redrive of what another event did not do goes back to people.
    """
    if outcome == "succeeded":
        settle(delivery, result=f"done already by {done_by}")
    else:
        hand_back(delivery, result=f"not run: its dedupe key is {outcome} by {done_by}")


def _end(item: Fetched, *, state: DeadLetter.State, result: str) -> None:
    if item.letter is not None:
        DeadLetter.objects.filter(pk=item.letter, state__in=_RUNNING).update(
            state=state, result=storable(result), changed_at=Now()
        )


def _letter_of(
    delivery: Delivery, *, state: DeadLetter.State, failure: Failure, attempts: int
) -> DeadLetter:
    event = delivery.event
    return _letter(
        delivery,
        group=delivery.subscription.group,
        state=state,
        failure=failure,
        event_id=event.event_id,
        source=event.source,
        ce_id=event.id,
        type=event.type,
        dedupe_key=delivery.dedupe_key,
        handler=delivery.handler_name,
        attempts=attempts,
    )


def _letter(
    item: Fetched, *, group: str, state: DeadLetter.State, failure: Failure, **facts: Any
) -> DeadLetter:
    record: Record = item.record
    return DeadLetter(
        group=group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        parent_id=item.letter,
        replay_id=item.replay,
        generation=item.generation,
        key=record.key,
        value=record.value,
        headers=stored_headers(record.headers),
        recorded_at=recorded_at(record),
        exception=failure.exception,
        error=failure.error,
        traceback=failure.traceback,
        state=state,
        created_at=Now(),
        changed_at=Now(),
        **facts,
    )


def _stored(letter: DeadLetter, *, unless: Collection[DeadLetter.State] = tuple(State)) -> UUID:
    """Store a letter unless it is there; return the id of the one that is."""
    _store([letter], unless=unless)
    return _at_its_place(letter).pk


def _store(
    letters: Sequence[DeadLetter], *, unless: Collection[DeadLetter.State] = tuple(State)
) -> None:
    """Store letters, each unless one of the same message is there in one of these states.

    Another message may have had the position, in a topic of the name that is gone, or the same
    one was dealt with: that letter becomes the parent, so that neither is lost.
    """
    while letters:
        DeadLetter.objects.bulk_create(letters, ignore_conflicts=True)
        ids = [each.pk for each in letters]
        stored = set(DeadLetter.objects.filter(pk__in=ids).values_list("pk", flat=True))
        left = [each for each in letters if each.pk not in stored]
        letters = [each for each in left if _moved_behind(each, unless=unless)]


def _moved_behind(letter: DeadLetter, *, unless: Collection[DeadLetter.State]) -> bool:
    """Move a letter behind the one in its place; False if that may stand for it."""
    other = _at_its_place(letter)
    if _said(letter) == _said(other) and other.state in unless:
        return False
    letter.parent_id = other.pk
    return True


def _at_its_place(letter: DeadLetter) -> DeadLetter:
    return DeadLetter.objects.get(
        group=letter.group,
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        parent=letter.parent_id,
    )


def _said(letter: DeadLetter) -> tuple[object, ...]:
    key, value = (None if each is None else bytes(each) for each in (letter.key, letter.value))
    return key, value, letter.headers, letter.recorded_at, letter.generation


def _say(letter: DeadLetter) -> None:
    logger.error(
        "A message became a dead letter",
        extra={
            "group": letter.group,
            "position": f"{letter.topic}:{letter.partition}:{letter.offset}",
            "event_id": str(letter.event_id or letter.ce_id),
            "type": letter.type,
            "error": f"{letter.exception}: {letter.error}",
        },
    )

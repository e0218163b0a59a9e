"""The outbox: publish() stores an event and its place in the queue in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from msgspec import UNSET, UnsetType, structs

from events.conf import waybill
from events.errors import EventIdReused, EventInvalid, FieldError, NotInTransaction
from events.models import Event
from events.publishing.accepted_event import AcceptedEvent
from events.publishing.checking import Checked, checked, refuse_publisher
from events.publishing.new_event import NewEvent, Publisher
from events.publishing.storing import all_or_none, stored
from events.publishing.wakeup import wake_relays_after_commit

__all__ = ["NewEvent", "Publisher", "publish", "publish_alone", "publish_many"]

NOBODY = Publisher()


def publish(
    topic: str,
    *,
    type: str,  # noqa: A002 - CloudEvents' own name
    data: Any = UNSET,
    value: bytes | UnsetType | None = UNSET,
    key: str | None = None,
    subject: str = "",
    id: str = "",  # noqa: A002 - CloudEvents' own name
    source: str = "",
    content_type: str = "application/json",
    headers: tuple[tuple[str, str], ...] = (),
    traceparent: str = "",
    occurred_at: datetime | None = None,
    publish_after: datetime | None = None,
    by: Publisher = NOBODY,
) -> Event:
    """Store one event; once the caller's transaction is committed it reaches its topic, surely.

    Events of one topic and key get there in the order of their calls. The fields are those of
    NewEvent. Raises a PublishRefused (NotInTransaction, UnknownTopic, UnknownEventType,
    EventInvalid, EventTooLarge, EventIdReused): nothing is stored, the transaction goes on.
    """
    _refuse_outside_transaction()
    event = NewEvent(
        topic=topic,
        type=type,
        data=data,
        value=value,
        key=key,
        subject=subject,
        id=id,
        source=source,
        content_type=content_type,
        headers=headers,
        traceparent=traceparent,
        occurred_at=occurred_at,
        publish_after=publish_after,
    )
    return _published([("", event)], by=by)[0]


def publish_many(events: Sequence[NewEvent], *, by: Publisher = NOBODY) -> list[Event]:
    """Store all the events, or none, in the order given; one statement however many they are.

    Raises what publish() raises; the pointers of EventInvalid begin with the event's index.
    """
    _refuse_outside_transaction()
    return _published([(f"/{index}", event) for index, event in enumerate(events)], by=by)


def publish_alone(event: NewEvent, *, by: Publisher = NOBODY) -> Event:
    """Store one event that needs no other row beside it to be true.

    Outside of a transaction the one statement that stores it is one: it is committed when this
    returns. Raises what publish() raises, but NotInTransaction.
    """
    return _published([("", event)], by=by)[0]


def _published(events: Sequence[tuple[str, NewEvent]], *, by: Publisher) -> list[Event]:
    refuse_publisher(by)
    good = _checked(events)
    if not good:
        return []
    with all_or_none(good):
        found = stored(good, by=by, default_source=waybill().source)
        _refuse_reused(good, found)
    wake_relays_after_commit()
    return [_model(event) for event in found if event is not None]


def _checked(events: Sequence[tuple[str, NewEvent]]) -> list[Checked]:
    limits = waybill().limits
    good: list[Checked] = []
    errors: list[FieldError] = []
    for pointer, event in events:
        try:
            good.append(checked(event, limits=limits))
        except EventInvalid as refusal:
            errors += (
                FieldError(pointer=f"{pointer}{broken.pointer}", detail=broken.detail)
                for broken in refusal.errors
            )
    if errors:
        raise EventInvalid(errors)
    return good


def _refuse_reused(wanted: Sequence[Checked], found: Sequence[AcceptedEvent | None]) -> None:
    # Only a caller's own id can be taken.
    pairs = [
        (each.event.source or waybill().source, each.event.id)
        for each, event in zip(wanted, found, strict=True)
        if event is None
    ]
    if pairs:
        raise EventIdReused(pairs)


def _model(event: AcceptedEvent) -> Event:
    fields = structs.asdict(event) | {"headers": [list(pair) for pair in event.headers]}
    del fields["name"]
    model = Event(id=event.pk, **fields)
    model._state.adding = False
    model._state.db = connection.alias
    return model


def _refuse_outside_transaction() -> None:
    if not connection.in_atomic_block:
        raise NotInTransaction(
            "publish() belongs into the transaction that makes the event true: "
            "call it inside transaction.atomic()"
        )

"""The outbox: publish() stores an event and its place in the queue in the caller's transaction."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from msgspec import UNSET, UnsetType

from events.conf import Limits, waybill
from events.errors import EventInvalid, FieldError, NotInTransaction
from events.models import Event
from events.publishing import rules
from events.publishing.new_event import NewEvent, Publisher
from events.publishing.storing import stored
from events.publishing.value import rendered
from events.publishing.wakeup import wake_relays_after_commit
from events.schemas import value_errors
from events.topics import checked_type

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
    checked = _Checked(limits=waybill().limits)
    for pointer, event in events:
        checked.add(event, pointer=pointer)
    return _store(checked, by=by)


class _Checked:
    """Events with their values, as far as they keep the rules, and every rule they break."""

    def __init__(self, *, limits: Limits) -> None:
        self._limits = limits
        self.events: list[tuple[NewEvent, bytes | None]] = []
        self.errors: list[FieldError] = []

    def add(self, event: NewEvent, *, pointer: str) -> None:
        event_type = checked_type(event.topic, event.type)
        errors = list(_errors(event, limits=self._limits))
        try:
            value = _value(event, limits=self._limits)
            errors += value_errors(event_type, value, content_type=event.content_type)
            self.events.append((event, value))
        except EventInvalid as error:
            errors += error.errors
        self.errors += (
            FieldError(pointer=f"{pointer}{broken.pointer}", detail=broken.detail)
            for broken in errors
        )


def _store(checked: _Checked, *, by: Publisher) -> list[Event]:
    errors = [*checked.errors, *_publisher_errors(by)]
    if errors:
        raise EventInvalid(errors)
    if not checked.events:
        return []
    events = stored(checked.events, by=by, default_source=waybill().source)
    wake_relays_after_commit()
    return events


def _refuse_outside_transaction() -> None:
    if not connection.in_atomic_block:
        raise NotInTransaction(
            "publish() belongs into the transaction that makes the event true: "
            "call it inside transaction.atomic()"
        )


def _errors(event: NewEvent, *, limits: Limits) -> Iterator[FieldError]:
    yield from rules.text_errors("/id", event.id, most=rules.NAME_CHARACTERS)
    yield from rules.text_errors("/source", event.source, most=rules.NAME_CHARACTERS)
    yield from rules.key_errors(event.key, limits=limits)
    yield from rules.subject_errors(event.subject)
    yield from rules.content_type_errors(event.content_type)
    yield from rules.header_errors(event.headers, limits=limits)
    yield from rules.traceparent_errors(event.traceparent)
    yield from rules.time_errors("/occurred_at", event.occurred_at)
    yield from rules.time_errors("/publish_after", event.publish_after)


def _publisher_errors(by: Publisher) -> Iterator[FieldError]:
    yield from rules.text_errors("/published_by", by.name, most=rules.NAME_CHARACTERS)
    yield from rules.text_errors("/request_id", by.request_id, most=rules.NAME_CHARACTERS)
    yield from rules.text_errors(
        "/idempotency_key", by.idempotency_key, most=rules.NAME_CHARACTERS
    )


def _value(event: NewEvent, *, limits: Limits) -> bytes | None:
    if (event.data is UNSET) == (event.value is UNSET):
        detail = "exactly one of data and value must be given"
        raise EventInvalid([FieldError(pointer="/data", detail=detail)])
    if event.data is not UNSET:
        return rules.value_within(rendered(event.data), limits=limits)
    if event.value is None:
        return None
    if not isinstance(event.value, bytes):
        raise EventInvalid([FieldError(pointer="/value", detail="must be bytes or None")])
    return rules.value_within(event.value, limits=limits)

"""Checking: an event that keeps every rule, with the bytes of its value; or why it is refused."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import UNSET

from events.conf import Limits
from events.errors import EventInvalid, FieldError
from events.publishing import rules
from events.publishing.new_event import NewEvent, Publisher
from events.publishing.value import rendered
from events.schemas import JSON, value_errors
from events.topics import checked_type


class Checked(NamedTuple):
    """An event that may be stored, and its exact value; None is a tombstone."""

    event: NewEvent
    value: bytes | None


def checked(event: NewEvent, *, limits: Limits) -> Checked:
    """Return the event with its value.

    Raises UnknownTopic, UnknownEventType, EventTooLarge, and EventInvalid with all that is wrong.
    """
    event_type = checked_type(event.topic, event.type)
    errors = list(_errors(event, limits=limits))
    value = None
    try:
        value = _value(event, limits=limits)
        errors += value_errors(event_type, value, content_type=event.content_type)
    except EventInvalid as error:
        errors += error.errors
    if errors:
        raise EventInvalid(errors)
    return Checked(event, value)


def refuse_publisher(by: Publisher) -> None:
    """Raise EventInvalid if the publisher cannot be kept with an event."""
    named = {
        "/published_by": by.name,
        "/request_id": by.request_id,
        "/idempotency_key": by.idempotency_key,
    }
    errors = [
        error
        for pointer, text in named.items()
        for error in rules.text_errors(pointer, text, most=rules.NAME_CHARACTERS)
    ]
    if errors:
        raise EventInvalid(errors)


def _errors(event: NewEvent, *, limits: Limits) -> Iterator[FieldError]:
    # What was left out keeps every rule; most events leave out most.
    if event.id != "" or event.source != "":
        yield from rules.text_errors("/id", event.id, most=rules.NAME_CHARACTERS)
        yield from rules.text_errors("/source", event.source, most=rules.NAME_CHARACTERS)
    yield from rules.key_errors(event.key, limits=limits)
    if event.subject != "":
        yield from rules.subject_errors(event.subject)
    if event.content_type != JSON:
        yield from rules.content_type_errors(event.content_type)
    if event.headers:
        yield from rules.header_errors(event.headers, limits=limits)
    if event.traceparent != "":
        yield from rules.traceparent_errors(event.traceparent)
    yield from rules.time_errors("/occurred_at", event.occurred_at)
    yield from rules.time_errors("/publish_after", event.publish_after)


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

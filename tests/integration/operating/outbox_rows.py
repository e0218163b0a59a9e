"""Outbox entries as the relay leaves them, for tests of what operators do."""

from typing import Any

from django.utils import timezone

from events.models import Event, OutboxEntry
from events.publishing.buckets import bucket_of
from tests.audit_rows import an_event


def an_entry(event: Event | None = None, **fields: Any) -> OutboxEntry:
    event = event or an_event()
    return OutboxEntry.objects.create(
        event=event,
        topic=event.topic,
        key=event.key,
        bucket=bucket_of(event.topic, event.key, event_id=str(event.pk)),
        **{"created_at": timezone.now(), **fields},
    )


def a_parked_entry(event: Event | None = None, **fields: Any) -> OutboxEntry:
    parked = {"parked_at": timezone.now(), "attempts": 3, "last_error": "too large", **fields}
    return an_entry(event, **parked)

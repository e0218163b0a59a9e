"""The event record: what the API tells about a stored event, apart from its value."""

from typing import Any

from events.auditing.waybill import State
from events.models import Event
from events.publishing.accepted_event import AcceptedEvent


def event_address(event: Event | AcceptedEvent) -> str:
    """Return the path under which the event's waybill is read."""
    return f"/api/v1/events/{_name(event)}"


def event_record(
    event: Event | AcceptedEvent, *, state: State, value_bytes: int | None
) -> dict[str, Any]:
    """Return the record; the value itself is left out, its size and hash stand for it."""
    sha256 = event.value_sha256
    return {
        "id": _name(event),
        "source": event.source,
        "ce_id": event.ce_id,
        "topic": event.topic,
        "key": event.key,
        "type": event.type,
        "subject": event.subject,
        "content_type": event.content_type,
        "value_bytes": value_bytes,
        "value_sha256": None if sha256 is None else bytes(sha256).hex(),
        "occurred_at": event.occurred_at,
        "accepted_at": event.accepted_at,
        "published_by": event.published_by,
        "request_id": event.request_id,
        "state": state.value,
        "links": {"self": event_address(event)},
    }


def _name(event: Event | AcceptedEvent) -> str:
    return event.name if isinstance(event, AcceptedEvent) else str(event.pk)

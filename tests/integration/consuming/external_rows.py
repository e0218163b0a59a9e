"""What tests of external effects share: a sender, and the row of a process that died."""

import uuid
from collections.abc import Callable

from django.contrib.auth.models import Group

from events.event import ReceivedEvent
from events.models import Consumption

Sent = list[tuple[str, bytes | None]]


def left_behind(topic: str, *, began: bool, payload: bytes | None = None) -> Consumption:
    """The row of a process that died with message 0 of the topic in work."""
    return Consumption.objects.create(
        group=topic,
        dedupe_key="sent:1",
        source=f"kafka:{topic}",
        ce_id="0:0",
        topic=topic,
        partition=0,
        offset=0,
        outcome="started",
        attempts=1,
        lease_token=uuid.uuid4(),
        lease_expires_at="2026-01-01T00:00:00Z",
        effect_began_at="2026-01-01T00:00:00Z" if began else None,
        effect_payload=payload,
        first_at="2026-01-01T00:00:00Z",
    )


def sender(sent: Sent) -> Callable[[ReceivedEvent], None]:
    def handle(event: ReceivedEvent) -> None:
        payload = f"mail {event.data['n']} rendered in attempt {event.attempt}".encode()
        event.perform(lambda raw: sent.append((event.id, raw)), reference="<1>", payload=payload)
        Group.objects.create(name=f"sent {event.data['n']}")

    return handle

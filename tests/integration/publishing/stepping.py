"""What the tests of the relay do again and again."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from events.models import Event
from events.publishing.outbox import publish
from events.publishing.relay import Relay
from tests.waiting import wait_until


def publish_now(topic: str, **fields: Any) -> Event:
    """Publish one event in a transaction of its own."""
    with transaction.atomic():
        return publish(topic, **{"type": "thing.happened", "data": {}, **fields})


def run_until(relay: Relay, condition: Callable[[], object], *, timeout_s: float = 15.0) -> None:
    """Step the relay until the condition holds."""

    def stepped() -> object:
        relay.run_once()
        return condition()

    wait_until(stepped, timeout_s=timeout_s, every_s=0.0)

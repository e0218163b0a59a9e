"""What the tests of the relay do again and again."""

from collections.abc import Callable
from typing import Any

from confluent_kafka import Message
from django.db import connection, transaction

from events.models import Event, OutboxEntry
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


def nothing_pending() -> bool:
    """Whether the outbox is empty."""
    return not OutboxEntry.objects.exists()


def values(messages: list[Message]) -> list[bytes | None]:
    """The values, in order."""
    return [message.value() for message in messages]


def backends(application: str) -> list[int]:
    """The sessions of the test database whose application begins so."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE %s",
            [f"{application}%"],
        )
        return [row[0] for row in cursor.fetchall()]


def end_relay_sessions() -> int:
    """End every session of a relay; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid",
            [backends("waybill-relay:")],
        )
        return len(cursor.fetchall())

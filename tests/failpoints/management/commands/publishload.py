"""A client that publishes in transactions of its own and logs what was accepted."""

import hashlib
import threading
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, InterfaceError, connection, transaction

from events.errors import EventIdReused
from events.publishing.outbox import NewEvent, publish_many
from events.stopping import stop_on_signals
from tests.checker import durable_lines
from tests.failpoints.topics import THING_HAPPENED, THINGS

AGAIN_S = 0.1


class Command(BaseCommand):
    help = "Publish --count events, or until SIGTERM; every accepted one gets a line in --journal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--journal", type=Path, required=True)
        parser.add_argument("--count", type=int)
        parser.add_argument("--keys", type=int, default=7)
        parser.add_argument("--together", type=int, default=5, help="events per transaction")
        parser.add_argument("--every-s", type=float, default=0.0)
        parser.add_argument("--name", default="load", help="one client, with keys of its own")
        parser.add_argument("--topic", default=THINGS.name)

    def handle(self, *_args: object, **options: Any) -> None:
        first = 0
        with stop_on_signals() as stop:
            while not stop.is_set() and first < (options["count"] or first + 1):
                numbers = range(first, first + options["together"])
                events = [_event(number, options) for number in numbers]
                first += options["together"]
                if _published(events, stop):
                    durable_lines.append(options["journal"], map(_line, events))
                stop.wait(options["every_s"])


def _event(number: int, options: dict[str, Any]) -> NewEvent:
    name = options["name"]
    return NewEvent(
        topic=options["topic"],
        type=THING_HAPPENED,
        source=f"/{name}",
        id=f"{number:06}",
        key=f"{name}-{number % options['keys']}",
        value=b'{"n": %d}' % number,
    )


def _published(events: list[NewEvent], stop: threading.Event) -> bool:
    """Publish for certain: after an unknown end the same ids again, which cannot count twice."""
    while not stop.is_set():
        try:
            with transaction.atomic():
                publish_many(events)
        except EventIdReused:
            return True  # the commit whose answer was lost
        except (DatabaseError, InterfaceError):
            connection.close()
            stop.wait(AGAIN_S)
        else:
            return True
    return False


def _line(event: NewEvent) -> dict[str, object]:
    value = event.value
    assert isinstance(value, bytes)
    return {
        "source": event.source,
        "id": event.id,
        "topic": event.topic,
        "key": event.key,
        "value_sha256": hashlib.sha256(value).hexdigest(),
        "clock": time.time(),
    }

"""The handler of one test: a row per call that was committed, a line per call that began."""

import os
import resource
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.db import connection

from events.consuming.subscriptions import subscribe
from events.event import ReceivedEvent
from tests.checker import durable_lines
from tests.failpoints.firing import reached
from tests.failpoints.handling import Handling
from tests.failpoints.points import IN_THE_HANDLER
from tests.failpoints.topics import THING_HAPPENED, THINGS

GROUP = os.environ.get("ACCEPTANCE_GROUP", "acceptance")
HANDLING = Handling.of_this_process()
# Nothing is unique here: a second effect must be seen, not prevented.
EFFECTS_TABLE = """
    CREATE TABLE failpoints_effect (
        id bigint GENERATED ALWAYS AS IDENTITY, "group" text, key text, source text, ce_id text,
        topic text, partition int, "offset" bigint)
"""
_EFFECT = """
    INSERT INTO failpoints_effect ("group", key, source, ce_id, topic, partition, "offset")
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


class TroubleOnPurpose(Exception):
    """What the handler raises where it shall fail."""


def record_effect(event: ReceivedEvent) -> None:
    """Leave a trace, write a row in the consumer's transaction, meet the failpoint."""
    _begin(event)
    _write(event)
    reached(IN_THE_HANDLER)


def record_effects(events: Sequence[ReceivedEvent]) -> None:
    """Do the same for several events."""
    for event in events:
        record_effect(event)


def record_external_effect(event: ReceivedEvent) -> None:
    """Write a line that no transaction can take back, then a row."""
    _begin(event)
    event.perform(lambda _: _perform(event), reference=event.id, payload=event.value)
    _write(event)
    reached(IN_THE_HANDLER)


HANDLERS: dict[str, Callable[[Any], None]] = {
    "one": record_effect,
    "batch": record_effects,
    "external": record_external_effect,
}
subscribe(
    THINGS.name,
    group=GROUP,
    type=THING_HAPPENED,
    on_delete=record_effect,
    **HANDLING.subscription(),
)(HANDLERS[HANDLING.kind])


def _begin(event: ReceivedEvent) -> None:
    """Tell that the event is here, then do to it what the test wants."""
    _tell("ACCEPTANCE_TRACE", event)
    _ = event.data  # what is no JSON cannot be handled
    _work_for(HANDLING.takes_s + HANDLING.slow.get(event.id, 0.0))
    if event.id in HANDLING.aborts:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # nobody reads that file
        os.abort()
    if event.attempt <= HANDLING.fails.get(event.id, 0):
        raise TroubleOnPurpose(f"attempt {event.attempt} at {event.id}")


def _perform(event: ReceivedEvent) -> None:
    _tell("ACCEPTANCE_PERFORMED", event)
    _work_for(HANDLING.slow_effect.get(event.id, 0.0))


def _write(event: ReceivedEvent) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EFFECT, [GROUP, _key(event), event.source, event.id, *event.position])


def _work_for(seconds: float) -> None:
    if seconds:
        threading.Event().wait(seconds)


def _key(event: ReceivedEvent) -> str | None:
    return None if event.key is None else event.key.decode()


def _tell(variable: str, event: ReceivedEvent) -> None:
    line = {
        "group": GROUP,
        "source": event.source,
        "id": event.id,
        "key": _key(event),
        "place": list(event.position),
        "attempt": event.attempt,
        "pid": os.getpid(),
        "clock": time.time(),
    }
    durable_lines.append(Path(os.environ[variable]), [line], synced=False)

"""The handler of one test: a row per call that was committed, a line per call that began."""

import os
from pathlib import Path

from django.db import connection

from events.consuming.subscriptions import subscribe
from events.event import ReceivedEvent
from tests.checker import durable_lines
from tests.failpoints.firing import reached
from tests.failpoints.points import IN_THE_HANDLER
from tests.failpoints.topics import THING_HAPPENED, THINGS

GROUP = os.environ.get("ACCEPTANCE_GROUP", "acceptance")
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


def record_effect(event: ReceivedEvent) -> None:
    """Leave a trace, write a row in the consumer's transaction, meet the failpoint."""
    key = None if event.key is None else event.key.decode()
    _trace(event, key)
    _ = event.data  # what is no JSON cannot be handled
    with connection.cursor() as cursor:
        cursor.execute(_EFFECT, [GROUP, key, event.source, event.id, *event.position])
    reached(IN_THE_HANDLER)


subscribe(THINGS.name, group=GROUP, type=THING_HAPPENED, on_delete=record_effect)(record_effect)


def _trace(event: ReceivedEvent, key: str | None) -> None:
    line = {
        "group": GROUP,
        "source": event.source,
        "id": event.id,
        "key": key,
        "place": list(event.position),
        "attempt": event.attempt,
        "pid": os.getpid(),
    }
    durable_lines.append(Path(os.environ["ACCEPTANCE_TRACE"]), [line], synced=False)

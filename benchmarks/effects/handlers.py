"""Database effects of one row a message; the first one tells whoever listens."""

from collections.abc import Sequence

from django.db import connection

from events.consuming.subscriptions import subscribe
from events.event import ReceivedEvent


@subscribe("bench_effect_eu_web", group="bench", type="bench.requested", dedupe_key="bench:{n}")
def insert_a_row(event: ReceivedEvent) -> None:
    """Insert the number; NOTIFY is delivered when the row can be seen."""
    number = str(event.data["n"])
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH told AS (SELECT pg_notify('bench', %s))"
            " INSERT INTO bench_effect (n) SELECT %s FROM told",
            [number, number],
        )


@subscribe("bench_past_eu_web", group="bench", type="bench.requested", dedupe_key="past:{n}")
def insert_of_the_past(event: ReceivedEvent) -> None:
    """Insert the number; the group's other handler is the one that is waited for."""
    insert_one(event)


@subscribe(
    "bench_short_eu_web", group="bench_single", type="bench.requested", dedupe_key="single:{n}"
)
def insert_one(event: ReceivedEvent) -> None:
    """Insert the number: one message, one statement."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_effect (n) VALUES (%s)", [event.data["n"]])


@subscribe(
    "bench_long_eu_web",
    group="bench_batch",
    type="bench.requested",
    dedupe_key="batch:{n}",
    batch=True,
)
def insert_many(events: Sequence[ReceivedEvent]) -> None:
    """Insert the numbers: many messages, one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_effect (n) SELECT unnest(%s::text[])",
            [[event.data["n"] for event in events]],
        )

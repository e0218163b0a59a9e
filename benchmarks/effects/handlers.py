"""A database effect of one row, told to whoever listens when it is committed."""

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

"""Two groups that take every type of the large topics; what they do is a row of effect each."""

from collections.abc import Sequence

from django.db import connection

from benchmarks.large.shapes import BILLING, REPORTS, TOPICS
from events.consuming.subscriptions import subscribe
from events.event import ReceivedEvent


def bill(events: Sequence[ReceivedEvent]) -> None:
    """Insert the numbers of the orders: many messages, one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_effect (n) SELECT unnest(%s::text[])",
            [[event.data["order_id"] for event in events]],
        )


def report(event: ReceivedEvent) -> None:
    """Insert the number of the order."""
    bill([event])


def billing_key(event: ReceivedEvent) -> str:
    """Return the key of a line of an order: the same for whatever topic and type tell of it."""
    return f"billing:{event.data['order_id']}:{event.data['line']}"


for _shape in TOPICS:
    for _type in _shape.types:
        subscribe(
            _shape.name,
            group=BILLING,
            type=_type,
            dedupe_key=billing_key,
            batch=True,
        )(bill)
        subscribe(_shape.name, group=REPORTS, type=_type)(report)

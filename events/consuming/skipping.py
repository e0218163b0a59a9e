"""Skipping: a message whose key is done already; told in the audit if another event did it."""

from collections.abc import Sequence

from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.delivery import Delivery


def record_skips(skipped: Sequence[tuple[Delivery, str]]) -> None:
    """Write an attempt for each skip of a key that another event did.

    `skipped` pairs a delivery with the event (source/id) that did its key. A redelivery of the
    same event leaves no row: nothing happened.
    """
    write_attempts(
        [
            Tried(
                delivery=delivery,
                number=0,
                result=Result.DUPLICATE,
                error=f"this key was done by {done_by}",
            )
            for delivery, done_by in skipped
            if done_by != delivery.event_name
        ]
    )

"""Skipping: a message whose key is done already; told in the audit if it is another event."""

import logging
from collections.abc import Sequence

from events.consuming.attempts import Result, Tried, write_attempts
from events.consuming.delivery import Delivery
from events.consuming.imprint import named_by

logger = logging.getLogger(__name__)


def record_skips(skipped: Sequence[tuple[Delivery, str]]) -> None:
    """Write an attempt for each skip of a key that another event did, or one that says otherwise.

    `skipped` pairs a delivery with the imprint of the event that did its key. A redelivery of the
    same event leaves no row: nothing happened. One of the same name with another value is a
    conflict: the first counts.
    """
    write_attempts([tried for skip in skipped if (tried := _tried(*skip)) is not None])


def _tried(delivery: Delivery, done_by: str) -> Tried | None:
    if done_by == delivery.imprint:
        return None
    name = delivery.event_name
    if named_by(done_by) != name:
        error = f"this key was done by {named_by(done_by)}"
        return Tried(delivery=delivery, number=0, result=Result.DUPLICATE, error=error)
    if done_by == name:
        return None  # remembered before there were hashes
    error = "an event of this source and id, with another value, was done before"
    logger.error(
        "A message was refused: an event of its source and id said something else before",
        extra={
            "group": delivery.subscription.group,
            "position": str(delivery.record.position),
            "event_id": name,
            "type": delivery.subscription.type,
        },
    )
    return Tried(delivery=delivery, number=0, result=Result.CONFLICT, error=error)

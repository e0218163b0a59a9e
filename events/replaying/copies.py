"""Copies: messages whose key another event did; the audit tells of each once, however often."""

from collections.abc import Sequence

from events.consuming.delivery import Delivery
from events.consuming.skipping import record_skips
from events.event import Position
from events.models import Attempt
from events.sql import run

_TOLD = """
    SELECT topic, partition, "offset" FROM events_attempt
    WHERE "group" = %(group)s AND generation = %(generation)s
      AND dedupe_key = ANY(%(keys)s) AND result = ANY(%(results)s)
"""


def record_copies(copies: Sequence[tuple[Delivery, str]]) -> None:
    """Write an attempt for each copy of which there is none yet; `copies` name who did the key."""
    first = copies[0][0]
    asked = {
        "group": first.subscription.group,
        "generation": first.generation,
        "keys": [each.dedupe_key for each, _ in copies],
        "results": [Attempt.Result.DUPLICATE.value, Attempt.Result.CONFLICT.value],
    }
    told = {Position(*row) for row in run(_TOLD, asked)}
    record_skips([pair for pair in copies if pair[0].record.position not in told])

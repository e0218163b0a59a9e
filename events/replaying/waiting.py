"""Waiting: replays that were asked for, or whose process died, and that nobody runs."""

from collections.abc import Collection
from uuid import UUID

from events.sql import run

_NEXT = """
    SELECT id FROM events_replay
    WHERE state IN ('requested', 'running')
      AND (lease_token IS NULL OR lease_expires_at <= now()) AND id <> ALL(%(but)s::uuid[])
    ORDER BY requested_at, id
    LIMIT 1
"""


def next_replay(*, but: Collection[UUID] = ()) -> UUID | None:
    """Return the oldest replay that somebody should run, without those of `but`; None if none."""
    found = run(_NEXT, {"but": list(but)})
    return found[0][0] if found else None

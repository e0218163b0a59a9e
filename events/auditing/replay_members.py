"""Replay members: in which generation something was done, and which replay ran it."""

from typing import Any

from events.models import LIVE, Attempt, Consumption, DeadLetter


def replay_members(row: Consumption | Attempt | DeadLetter) -> dict[str, Any]:
    """Return `generation`, a forced replay's id, else null; and `replay`, of either mode.

    An attempt knows only its generation.
    """
    forced = None if row.generation == LIVE else row.generation
    ran_by = forced if isinstance(row, Attempt) else row.replay_id
    return {"generation": forced, "replay": ran_by}

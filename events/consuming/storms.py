"""Storms: when a group gives up on too many messages at once, it is paused until people look."""

import logging
from dataclasses import dataclass
from typing import Protocol

from django.db.models.functions import Now

from events.consuming.closed_keys import BY
from events.consuming.progress import Progress
from events.models import Pause
from events.sql import run

logger = logging.getLogger(__name__)

# A storm that people have looked at and ended counts no more; nor does what came back by itself,
# or what a replay gave up: that has a look-out of its own.
_COUNT = """
    SELECT count(*) FROM (
        SELECT FROM events_deadletter
        WHERE "group" = %(group)s AND state = 'open' AND replay_id IS NULL
          AND created_at > greatest(
            now() - make_interval(secs => %(window_s)s),
            (SELECT max(resumed_at) FROM events_pause WHERE "group" = %(group)s AND topic = ''))
        ORDER BY created_at DESC  -- from the newest on, by an index
        LIMIT %(most)s) recent
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended('waybill storm ' || %(group)s, 0))"
_IS_PAUSED = """
    SELECT EXISTS (
        SELECT FROM events_pause
        WHERE "group" = %(group)s AND topic = '' AND resumed_at IS NULL
          AND (until IS NULL OR until > now()))
"""


class Lookout(Protocol):
    """Whoever counts dead letters."""

    def watch(self) -> None:
        """Count one more, in the transaction that stores it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Storms:
    """Pauses a group durably once it has `most` dead letters within `window_s`; 0: never."""

    group: str
    most: int
    window_s: float
    progress: Progress

    def watch(self) -> None:
        """Count the dead letters, in the transaction that stores one; pause if it is a storm."""
        if self.most < 1:
            return
        asked = {"group": self.group, "most": self.most, "window_s": self.window_s}
        if run(_COUNT, asked)[0][0] < self.most:
            return
        run(_ONE_AT_A_TIME, {"group": self.group})
        if run(_IS_PAUSED, {"group": self.group})[0][0]:
            return
        reason = (
            f"{self.most} dead letters within {self.window_s:g} s: look at them, mend the cause, "
            "then resume the group"
        )
        Pause.objects.bulk_create([Pause(group=self.group, by=BY, reason=reason, paused_at=Now())])
        logger.critical(
            "The group is paused: too many of its messages became dead letters",
            extra={"group": self.group, "letters": self.most, "within_s": self.window_s},
        )
        self.progress.look_now.set()

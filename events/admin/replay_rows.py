"""Which replays a viewer sees, and a group's that are not over, as rows of a table."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from events.admin import columns
from events.admin.operating.plan import Cell
from events.admin.replay_words import percent, what_words
from events.auditing.replay_progress import progress_of
from events.grants import Right, grants_of
from events.models import Replay
from events.models.replay import ReplayQuerySet

HEADER = ("Replay", "Messages", "State", "Progress", "By", "Requested")
MOST = 20  # of a group, on its page


def readable_replays(user: Any) -> ReplayQuerySet:
    """Return the replays of which the user may read every topic."""
    topics = grants_of(user).reach(Right.READ)
    rows = Replay.objects.all()
    return rows if topics is None else rows.filter(topics__contained_by=topics)


def active_of(group: str, *, user: Any) -> list[tuple[Cell, ...]]:
    """Return the group's replays that are not over, newest first; none without the permission."""
    if not user.has_perm("events.view_replay"):
        return []
    rows = readable_replays(user).active().filter(group=group).newest_first()[:MOST]
    return [_row(row) for row in rows]


def _row(replay: Replay) -> tuple[Cell, ...]:
    page = reverse("admin:events_replay_change", args=[replay.pk])
    return (
        format_html('<a class="wb-link" href="{}">{}</a>', page, ", ".join(replay.topics)),
        what_words(replay),
        columns.label(replay.state),
        percent(progress_of(replay)),
        replay.by,
        columns.moment(replay.requested_at),
    )

"""What of the replays the overview tells: how many are not over, and which nobody runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.http import HttpRequest

from events.admin.replay_rows import readable_replays
from events.models import Replay

MOST = 50  # that are read
_PATIENCE = timedelta(seconds=15)  # for a worker to take one up

_IS_MEANT_TO_RUN = Q(state__in=(Replay.State.REQUESTED, Replay.State.RUNNING))


@dataclass(frozen=True, kw_only=True, slots=True)
class Active:
    """Replays that are not over and that the viewer may see, at most MOST and one."""

    replays: tuple[Replay, ...]

    @property
    def count(self) -> str:
        """How many, in words."""
        return f"{MOST}+" if len(self.replays) > MOST else f"{len(self.replays)}"

    def warnings(self) -> Iterator[str]:
        """Name the groups whose replays nobody runs, once each, and what to do."""
        groups = sorted({each.group for each in self.replays if vars(each)["is_alone"]})
        if groups:
            yield (
                f"Nobody runs the replay of {', '.join(groups)}. "
                "Start manage.py runreplay --serve."
            )


def active(request: HttpRequest) -> Active:
    """Return what is not over; nothing for those who may not see replays."""
    if not request.user.has_perm("events.view_replay"):
        return Active(replays=())
    # By the database's clock, as the lease is.
    is_held = Q(lease_expires_at__isnull=False, lease_expires_at__gt=Now() - _PATIENCE)
    is_old = Q(requested_at__lt=Now() - _PATIENCE)
    is_alone = ExpressionWrapper(_IS_MEANT_TO_RUN & is_old & ~is_held, output_field=BooleanField())
    rows = readable_replays(request.user).active().newest_first().only("group", "state")
    return Active(replays=tuple(rows.annotate(is_alone=is_alone)[: MOST + 1]))

"""What of the groups the overview tells: what stands still, who stopped it, what was missed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.http import HttpRequest

from events.admin.operating.group_topics import readable_or_whole
from events.admin.pause import in_force
from events.grants import readable
from events.models import ClosedKey, Gap, Pause

MOST = 50  # pauses in force that are read
WAYBILL = "waybill"  # who pauses a group that sets aside too much
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """Pauses in force that the viewer may see, at most MOST and one."""

    pauses: tuple[Pause, ...]

    @property
    def count(self) -> str:
        """How many, in words."""
        return f"{MOST}+" if len(self.pauses) > MOST else f"{len(self.pauses)}"

    def warnings(self) -> Iterator[str]:
        """Name the groups that Waybill itself paused, and why."""
        for pause in self.pauses:
            if pause.by == WAYBILL:
                what = f" on {pause.topic}" if pause.topic else ""
                yield (
                    f"Group {pause.group} is paused{what} by Waybill itself: {pause.reason} "
                    "Mend the cause, then resume it under Pauses."
                )


def stopped(request: HttpRequest) -> Stopped:
    """Return what stands still; nothing for those who may not see pauses."""
    if not request.user.has_perm("events.view_pause"):
        return Stopped(pauses=())
    rows = readable_or_whole(in_force(), user=request.user).order_by("paused_at", "pk")
    return Stopped(pauses=tuple(rows[: MOST + 1]))


def closed_keys(request: HttpRequest) -> Any:
    """Return the closed keys the viewer may see."""
    return readable(ClosedKey.objects.all(), user=request.user)


def gaps_of_a_day(request: HttpRequest) -> Any:
    """Return the gaps of the last day that the viewer may see."""
    return readable(Gap.objects.filter(at__gte=Now() - _DAY), user=request.user)

"""The dead letters an operator means: named one by one, or by what they have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from events.models import DeadLetter
from events.models.dead_letter import DeadLetterQuerySet
from events.operating.operator import Operator
from events.sql import database_time

_EXACT = ("group", "topic", "exception", "handler", "type")
_SHOWN_KEY_BYTES = 256
EVERY = "*"  # the target of an action on letters of any group


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterSelection:
    """Letters by their ids, or by at least one filter; raises ValueError for both or neither.

    `created_from` and `created_before` are the times at which they were set aside. Only letters of
    `topics` are chosen (those the caller may operate on; None: all), and of a filter `limit` at
    most, the oldest first.
    """

    ids: tuple[UUID, ...] = ()
    group: str = ""
    topic: str = ""
    exception: str = ""
    handler: str = ""
    type: str = ""
    key: bytes | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    topics: tuple[str, ...] | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if bool(self.ids) == bool(self._filters()):
            raise ValueError("choose dead letters by their ids, or by at least one filter")
        if self.limit is not None and self.limit < 1:
            raise ValueError("the limit must be at least 1")

    @property
    def is_by_name(self) -> bool:
        """Whether the letters were named one by one."""
        return bool(self.ids)

    def until_now(self) -> Self:
        """Leave out what is set aside from now on: what fails again is not chosen again."""
        if self.is_by_name or self.created_before is not None:
            return self
        return replace(self, created_before=database_time())

    def chosen(self) -> DeadLetterQuerySet:
        """Return the letters, whatever their state, by id: the oldest first; without `limit`."""
        rows = DeadLetter.objects.order_by("pk")
        if self.topics is not None:
            rows = rows.filter(topic__in=self.topics)
        return rows.filter(pk__in=self.ids) if self.ids else rows.filter(**self._filters())

    def told(self) -> dict[str, Any]:
        """Return what was chosen, for the audit."""
        told: dict[str, Any] = {
            name: getattr(self, name) for name in _EXACT if getattr(self, name)
        }
        if self.ids:
            told["letters"] = [str(each) for each in self.ids]
        if self.key is not None:
            told["key"] = self.key[:_SHOWN_KEY_BYTES].decode("utf-8", "backslashreplace")
        for name in ("created_from", "created_before"):
            if (at := getattr(self, name)) is not None:
                told[name] = at.isoformat()
        if self.topics is not None:
            told["topics"] = list(self.topics)
        if self.limit is not None:
            told["limit"] = self.limit
        return told

    def _filters(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            name: getattr(self, name) for name in _EXACT if getattr(self, name)
        }
        if self.key is not None:
            found["key"] = self.key
        if self.created_from is not None:
            found["created_at__gte"] = self.created_from
        if self.created_before is not None:
            found["created_at__lt"] = self.created_before
        return found


def record_filtered(
    action: str,
    *,
    selection: LetterSelection,
    letters: Sequence[UUID],
    by: Operator,
    **counts: int,
) -> None:
    """Write one action for what a filter chose: on the group, where it names one."""
    details = {
        **selection.told(),
        "letters": len(letters),
        **counts,
        "first_letter": str(letters[0]),
        "last_letter": str(letters[-1]),
    }
    target_type = "consumer_group" if selection.group else "dead_letter"
    by.record(action, target_type=target_type, target_id=selection.group or EVERY, details=details)

"""Grants: what a caller may do with a topic, decided here for the API and the console alike."""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Protocol

from events.errors import NotGranted
from events.models import TopicGrant
from events.topics import declared_topics

_KEPT = "_waybill_grants"


class Right(StrEnum):
    """What a grant allows."""

    PUBLISH = "publish"
    READ = "read"  # events and what became of them
    VALUES = "values"  # what the events say
    OPERATE = "operate"  # republish, redrive, replay, pause


_COLUMNS = {
    Right.PUBLISH: "may_publish",
    Right.READ: "may_read",
    Right.VALUES: "may_see_values",
    Right.OPERATE: "may_operate",
}


class Grants(Protocol):
    """The rights of one caller."""

    def allows(self, right: Right, topic: str) -> bool:
        """Whether the caller has the right to a topic."""

    def topics(self, right: Right) -> list[str]:
        """Return the declared topics to which the caller has the right, by name."""


class _Everything:
    """The rights of a superuser."""

    def allows(self, right: Right, topic: str) -> bool:
        return True

    def topics(self, right: Right) -> list[str]:
        return [topic.name for topic in declared_topics()]


class _Patterns:
    """The rights that rows of TopicGrant give."""

    def __init__(self, rows: Iterable[TopicGrant]) -> None:
        given = [(row, _pattern(row.topic)) for row in rows]
        self._patterns = {
            right: [pattern for row, pattern in given if getattr(row, column)]
            for right, column in _COLUMNS.items()
        }

    def allows(self, right: Right, topic: str) -> bool:
        return any(pattern.fullmatch(topic) for pattern in self._patterns[right])

    def topics(self, right: Right) -> list[str]:
        return [topic.name for topic in declared_topics() if self.allows(right, topic.name)]


def grants_of(user: Any) -> Grants:
    """Return the rights of a user, as they were when they were first asked for in this request.

    A superuser has all rights; a user who is not active, or nobody, has none.
    """
    if not user.is_active:
        return _Patterns(())
    if user.is_superuser:
        return _Everything()
    kept: Grants | None = getattr(user, _KEPT, None)
    if kept is None:
        kept = _Patterns(TopicGrant.objects.of(user))
        setattr(user, _KEPT, kept)
    return kept


def require(user: Any, right: Right, topic: str) -> None:
    """Raise NotGranted unless the user has the right to the topic."""
    if not grants_of(user).allows(right, topic):
        raise NotGranted(right=right, topic=topic)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, text.split("*"))))

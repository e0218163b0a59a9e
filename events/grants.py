"""Grants: what a caller may do with a topic, decided here for the API and the console alike."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeVar

from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet

from events.errors import NotGranted
from events.models import TopicGrant
from events.topics import declared_topics

_KEPT = "_waybill_grants"

Row = TypeVar("Row", bound=Model)


class Right(StrEnum):
    """What a grant allows."""

    PUBLISH = "publish"
    READ = "read"  # events and what became of them
    VALUES = "values"  # what the events say
    OPERATE = "operate"  # republish, redrive, replay, pause


class Grants(Protocol):
    """The rights of one caller."""

    def allows(self, right: Right, topic: str) -> bool:
        """Whether the caller has the right to a topic."""

    def reach(self, right: Right) -> list[str] | None:
        """Return the topics to which the caller has the right, for a query; None: to all.

        Those that are declared, and those granted by their full name.
        """


class GrantRow(NamedTuple):
    """A grant as it comes out of the database: a topic or a pattern, then each right."""

    topic: str
    publish: bool
    read: bool
    values: bool
    operate: bool


_FIELD = {right: GrantRow._fields.index(right.value) for right in Right}
_COLUMNS = ("topic", "may_publish", "may_read", "may_see_values", "may_operate")


class _Everything:
    """The rights of a superuser."""

    def allows(self, right: Right, topic: str) -> bool:
        return True

    def reach(self, right: Right) -> list[str] | None:
        return None


class _Granted:
    """The rights that rows of TopicGrant give."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = [GrantRow._make(row) for row in rows]

    def allows(self, right: Right, topic: str) -> bool:
        # Patterns hold none of fnmatch's other signs; it takes linear time and keeps what it made.
        return any(fnmatchcase(topic, pattern) for pattern in self._patterns(right))

    def reach(self, right: Right) -> list[str] | None:
        patterns = self._patterns(right)
        if "*" in patterns:
            return None
        named = {pattern for pattern in patterns if "*" not in pattern}
        declared = (topic.name for topic in declared_topics())
        return sorted(named | {name for name in declared if self.allows(right, name)})

    def _patterns(self, right: Right) -> list[str]:
        field = _FIELD[right]
        return [row.topic for row in self._rows if row[field]]


def grants_of(user: Any) -> Grants:
    """Return the rights of a user, as they were when they were first asked for in this request.

    A superuser has all rights; a user who is not active, or nobody, has none.
    """
    if not user.is_active:
        return _Granted(())
    if user.is_superuser:
        return _Everything()
    kept: Grants | None = getattr(user, _KEPT, None)
    if kept is None:
        kept = keep_grants(user, TopicGrant.objects.of(user).values_list(*_COLUMNS))
    return kept


def keep_grants(user: Any, rows: Iterable[Sequence[Any]] | None) -> Grants:
    """Let the user have the rights of `rows`, as `grants_sql` gives them, for this request."""
    kept = _Granted(rows or ())
    setattr(user, _KEPT, kept)
    return kept


def require(user: Any, right: Right, topic: str) -> None:
    """Raise NotGranted unless the user has the right to the topic."""
    if not grants_of(user).allows(right, topic):
        raise NotGranted(right=right, topic=topic)


def readable(rows: QuerySet[Row], *, user: Any) -> QuerySet[Row]:
    """Keep the rows, of a model with a column `topic`, of topics that the user may read."""
    topics = grants_of(user).reach(Right.READ)
    return rows if topics is None else rows.filter(topic__in=topics)


@cache
def grants_sql(user_id: str) -> str:
    """Return an SQL expression: the grants of the user whose id is in the column `user_id`.

    For a query that reads the user anyway: its value, None without a grant, is for `keep_grants`.
    """
    columns = ", ".join(f"given.{column}" for column in _COLUMNS)
    memberships = get_user_model().groups.through._meta.db_table
    # An array, not IN: so both halves of the condition can be read from their index.
    return f"""(
        SELECT json_agg(json_build_array({columns})) FROM {TopicGrant._meta.db_table} given
        WHERE given.user_id = {user_id} OR given.group_id = ANY(ARRAY(
            SELECT m.group_id FROM {memberships} m WHERE m.user_id = {user_id})))"""  # noqa: S608

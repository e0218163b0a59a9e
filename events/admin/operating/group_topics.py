"""Groups and grants: a group belongs to the topics it subscribes to."""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from events.admin.operating.operation import Operation
from events.consuming.subscriptions import groups, subscriptions
from events.grants import Right, grants_of

Row = TypeVar("Row", bound=Model)


def topics_of(group: str, *, topic: str = "") -> tuple[str, ...]:
    """Return the topic, or without one all that the group subscribes to."""
    return (topic,) if topic else tuple(sorted({each.topic for each in subscriptions(group)}))


def readable_topics(user: Any, *, group: str) -> list[str]:
    """Return the group's topics that the user may read."""
    grants = grants_of(user)
    return [topic for topic in topics_of(group) if grants.allows(Right.READ, topic)]


def readable_groups(user: Any) -> list[str]:
    """Return the groups of which the user may read a topic at least."""
    return [group for group in groups() if readable_topics(user, group=group)]


def operable_groups(user: Any, *, operation: Operation) -> list[str]:
    """Return the groups of which the user may operate on a topic at least."""
    return [
        group
        for group in groups()
        if any(operation.allows(user, topics=[topic]) for topic in topics_of(group))
    ]


def readable_or_whole(rows: QuerySet[Row], *, user: Any) -> QuerySet[Row]:
    """Keep rows of topics the user may read; without a topic they concern the whole group."""
    topics = grants_of(user).reach(Right.READ)
    if topics is None:
        return rows
    return rows.filter(Q(topic__in=topics) | Q(topic="", group__in=readable_groups(user)))

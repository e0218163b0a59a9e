"""Group topics: of a consumer group, those that a caller may read; without one it is unknown."""

from typing import Any

from django.http import Http404

from events.api.members import Members
from events.consuming.subscriptions import groups, subscriptions
from events.grants import Right, grants_of


def topics_of(group: str) -> list[str]:
    """Return the topics that the group subscribes to, by name."""
    return sorted({each.topic for each in subscriptions(group)})


def readable_topics_of(group: str, *, user: Any) -> list[str]:
    """Return those that the user may read; raises Http404 without one."""
    grants = grants_of(user)
    found = [topic for topic in topics_of(group) if grants.allows(Right.READ, topic)]
    if not found:
        raise Http404
    return found


def readable_groups(*, user: Any) -> list[str]:
    """Return the groups of which the user may read at least one topic, by name."""
    grants = grants_of(user)
    return [
        group
        for group in groups()
        if any(grants.allows(Right.READ, topic) for topic in topics_of(group))
    ]


def given_topic(members: Members, *, among: list[str]) -> str:
    """Return the member `topic`, empty if it is absent; it must be one of these."""
    topic = members.optional_text("topic")
    if topic is not None and topic not in among:
        members.wrong("topic", f"must be a topic of the group: {', '.join(among)}")
    return topic or ""


def given_partition(members: Members, *, topic: str) -> int | None:
    """Return the member `partition`, None if it is absent; it needs a topic."""
    partition = members.optional_number("partition", least=0, most=2**31 - 1)
    if partition is not None and not topic:
        members.wrong("partition", "belongs to a topic: name the topic, too")
    return partition

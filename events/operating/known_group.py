"""What an operator may name: a group that subscribes, its topics and their partitions."""

from django.db import connection

from events.consuming.subscriptions import groups, subscriptions
from events.errors import OperatingRefused
from events.models import GroupTopic
from events.topics import declared_topics

_LOCK_CLASS = 0x57424752  # "WBGR"


def one_change_at_a_time(group: str) -> None:
    """Wait for another operator's change of the group; holds until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK_CLASS, group))


def topics_of(group: str, *, topic: str = "", refusal: type[OperatingRefused]) -> list[str]:
    """Return the topics of a group, or the one named; raises `refusal` for an unknown name."""
    if group not in groups():
        raise refusal(
            f"no handler subscribes as group {group!r}; the groups are: {_list(groups())}"
        )
    subscribed = sorted({each.topic for each in subscriptions(group)})
    if topic and topic not in subscribed:
        raise refusal(f"{group} does not subscribe to {topic!r}; it does to: {_list(subscribed)}")
    return [topic] if topic else subscribed


def check_partition(
    group: str, *, topic: str, partition: int | None, refusal: type[OperatingRefused]
) -> None:
    """Raise `refusal` for a partition without a topic, or one the topic does not have."""
    if partition is None:
        return
    if not topic:
        raise refusal("a partition belongs to a topic: name the topic, too")
    seen = GroupTopic.objects.filter(group=group, topic=topic).values_list("partitions", flat=True)
    declared = [each.partitions for each in declared_topics() if each.name == topic]
    known = max([*seen, *declared], default=0)
    if partition < 0 or (known and partition >= known):
        raise refusal(f"{topic} has no partition {partition}: it has {known}, counted from 0")


def _list(names: list[str]) -> str:
    return ", ".join(names) or "none"

"""Known topics: those that a caller who named an unknown one may be told of."""

from typing import Any

from events.grants import Right, grants_of
from events.topics import declared_topics

_SHOWN = 50


def known_topics(user: Any) -> str:
    """Return the names of the topics that `user` may publish to or read, as text."""
    grants = grants_of(user)
    rights = (Right.PUBLISH, Right.READ)
    names = [
        topic.name
        for topic in declared_topics()
        if any(grants.allows(right, topic.name) for right in rights)
    ]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN]) or 'none'}{more}"

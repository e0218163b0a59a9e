"""The topics of the benchmarks: one that is published to, others that are filled beforehand."""

from events.topics import EventType, Topic, declare_topic

_TYPES = (EventType(name="bench.requested"),)

BENCH, SHORT, LONG, PAST = (
    declare_topic(Topic(name=f"bench_{name}_eu_web", types=_TYPES, partitions=3))
    for name in ("effect", "short", "long", "past")
)

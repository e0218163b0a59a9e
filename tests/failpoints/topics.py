"""The topics of one test."""

import os

from events.topics import EventType, Topic, declare_topic

THING_HAPPENED = "thing.happened"

_NAME = os.environ.get("ACCEPTANCE_TOPIC", "acceptance")

THINGS = declare_topic(Topic(name=_NAME, types=(EventType(name=THING_HAPPENED),), partitions=1))
# Nobody makes it on the broker, unless a test does.
MISSING = declare_topic(
    Topic(name=f"{_NAME}_missing", types=(EventType(name=THING_HAPPENED),), partitions=1)
)

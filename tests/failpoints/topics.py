"""The topic of one test."""

import os

from events.topics import EventType, Topic, declare_topic

THING_HAPPENED = "thing.happened"

THINGS = declare_topic(
    Topic(
        name=os.environ.get("ACCEPTANCE_TOPIC", "acceptance"),
        types=(EventType(name=THING_HAPPENED),),
        partitions=1,
    )
)

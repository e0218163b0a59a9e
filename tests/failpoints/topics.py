"""The topics of one test."""

import os
from typing import Any

from events.topics import EventType, Topic, declare_topic

THING_HAPPENED = "thing.happened"

_NAME = os.environ.get("ACCEPTANCE_TOPIC", "acceptance")
_PARTITIONS = int(os.environ.get("ACCEPTANCE_PARTITIONS", "1"))
# What most tests publish; only some hold it against a schema.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
_TYPE = EventType(
    name=THING_HAPPENED, schema=SCHEMA if os.environ.get("ACCEPTANCE_SCHEMA") else None
)

THINGS = declare_topic(Topic(name=_NAME, types=(_TYPE,), partitions=_PARTITIONS))
# Nobody makes it on the broker, unless a test does.
MISSING = declare_topic(
    Topic(name=f"{_NAME}_missing", types=(EventType(name=THING_HAPPENED),), partitions=1)
)

"""Topics and their event types, declared in code: what may be published, and what must exist."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from events.errors import Misconfigured, UnknownEventType, UnknownTopic

TOPIC_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")  # Kafka's own rule (org.apache.kafka Topic.java)
TYPE_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+(\.v[1-9][0-9]*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class EventType:
    """A kind of fact: a dotted name in the past tense, or a request (`invoice.requested`).

    `schema` says what its values look like: a JSON Schema, or a dataclass or msgspec Struct from
    which one is derived (events.schemas). Published values that break it are refused. What changes
    so that old and new code no longer understand each other is a new type: `invoice.requested.v2`.
    """

    name: str
    description: str = ""
    schema: Mapping[str, Any] | type | None = None

    def __post_init__(self) -> None:
        if not TYPE_NAME.fullmatch(self.name):
            raise Misconfigured(f"event type {self.name!r} is not dotted lower case")


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A Kafka topic as it should be: `synctopics` makes the broker agree."""

    name: str
    types: tuple[EventType, ...]
    partitions: int = 3
    replication_factor: int = 1
    config: Mapping[str, str] = field(default_factory=dict)
    description: str = ""

    def __post_init__(self) -> None:
        if not TOPIC_NAME.fullmatch(self.name) or self.name in {".", ".."}:
            raise Misconfigured(f"topic {self.name!r} is no legal Kafka topic name")
        if not self.types:
            raise Misconfigured(f"topic {self.name!r} declares no event type")

    def type_names(self) -> tuple[str, ...]:
        """Return the names of the event types the topic carries."""
        return tuple(each.name for each in self.types)


_topics: dict[str, Topic] = {}


def declare_topic(topic: Topic) -> Topic:
    """Make the topic known; raises Misconfigured if another of its name was declared otherwise."""
    if _topics.setdefault(topic.name, topic) != topic:
        raise Misconfigured(f"topic {topic.name!r} is declared twice, differently")
    return topic


def forget_topic(name: str) -> None:
    """Undo a declaration (for tests)."""
    _topics.pop(name, None)


def declared_topics() -> Iterator[Topic]:
    """Yield every declared topic, by name."""
    yield from (topic for _, topic in sorted(_topics.items()))


def topic_named(name: str) -> Topic:
    """Return the declared topic; raises UnknownTopic."""
    try:
        return _topics[name]
    except KeyError:
        raise UnknownTopic(f"no topic {name!r} is declared") from None


def checked_type(topic_name: str, type_name: str) -> EventType:
    """Return the topic's event type; raises UnknownTopic or UnknownEventType."""
    topic = topic_named(topic_name)
    for each in topic.types:
        if each.name == type_name:
            return each
    raise UnknownEventType(
        f"topic {topic_name!r} does not carry {type_name!r}; it carries "
        f"{', '.join(topic.type_names())}"
    )

"""The plan: what has to change so that the broker's topics are as declared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from events.topics import Topic


@dataclass(frozen=True, kw_only=True, slots=True)
class ExistingTopic:
    """A topic as the broker has it; `config` holds the declared keys only."""

    partitions: int
    replication_factor: int
    config: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateTopic:
    topic: Topic

    def __str__(self) -> str:
        config = "".join(f", {name}={value}" for name, value in sorted(self.topic.config.items()))
        return (
            f"create {self.topic.name}: {self.topic.partitions} partitions, "
            f"replication factor {self.topic.replication_factor}{config}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AddPartitions:
    name: str
    existing: int
    wanted: int

    def __str__(self) -> str:
        return f"add partitions to {self.name}: {self.existing} -> {self.wanted}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AlterConfig:
    name: str
    key: str
    existing: str
    wanted: str

    def __str__(self) -> str:
        return f"alter {self.name}: {self.key} {self.existing or '(unset)'} -> {self.wanted}"


Change = CreateTopic | AddPartitions | AlterConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Changes that `--apply` makes, and remarks about what it leaves alone."""

    changes: tuple[Change, ...]
    remarks: tuple[str, ...]


def plan(declared: Iterable[Topic], existing: Mapping[str, ExistingTopic]) -> Plan:
    """Return the plan; topics that are not declared are mentioned and never touched."""
    declared = list(declared)
    changes: list[Change] = []
    remarks: list[str] = []
    for topic in declared:
        found = existing.get(topic.name)
        if found is None:
            changes.append(CreateTopic(topic=topic))
        else:
            changes += _changes(topic, found)
            remarks += _remarks(topic, found)
    others = sorted(set(existing) - {topic.name for topic in declared})
    remarks += (f"{name} exists and is not declared; left alone" for name in others)
    return Plan(changes=tuple(changes), remarks=tuple(remarks))


def _changes(topic: Topic, found: ExistingTopic) -> Iterator[Change]:
    if found.partitions < topic.partitions:
        yield AddPartitions(name=topic.name, existing=found.partitions, wanted=topic.partitions)
    for key, wanted in sorted(topic.config.items()):
        existing = found.config.get(key, "")
        if existing != wanted:
            yield AlterConfig(name=topic.name, key=key, existing=existing, wanted=wanted)


def _remarks(topic: Topic, found: ExistingTopic) -> Iterator[str]:
    if found.partitions > topic.partitions:
        yield (
            f"{topic.name} has {found.partitions} partitions, {topic.partitions} are declared; "
            "partitions cannot be taken away: correct the declaration"
        )
    elif found.partitions < topic.partitions:
        yield (
            f"more partitions for {topic.name} move keys to other partitions: events of one key "
            "that are unread then may be handled out of order"
        )
    if found.replication_factor != topic.replication_factor:
        yield (
            f"{topic.name} has replication factor {found.replication_factor}, "
            f"{topic.replication_factor} is declared; it is left alone"
        )

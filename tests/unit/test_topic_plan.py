"""What synctopics would do, from what is declared and what exists."""

from events.kafka.topic_plan import (
    AddPartitions,
    AlterConfig,
    CreateTopic,
    ExistingTopic,
    plan,
)
from events.topics import EventType, Topic


def declare(**changes: object) -> Topic:
    given: dict[str, object] = {"name": "t", "partitions": 3, "config": {}, **changes}
    return Topic(types=(EventType(name="thing.happened"),), **given)  # type: ignore[arg-type]


def test_a_missing_topic_is_created() -> None:
    topic = declare()
    assert plan([topic], {}).changes == (CreateTopic(topic=topic),)


def test_a_topic_as_declared_needs_nothing() -> None:
    topic = declare(config={"retention.ms": "1000"})
    existing = ExistingTopic(partitions=3, replication_factor=1, config={"retention.ms": "1000"})
    found = plan([topic], {"t": existing})
    assert (found.changes, found.remarks) == ((), ())


def test_partitions_are_added_with_a_warning_about_keys() -> None:
    found = plan([declare()], {"t": ExistingTopic(partitions=1, replication_factor=1)})
    assert found.changes == (AddPartitions(name="t", existing=1, wanted=3),)
    assert "out of order" in found.remarks[0]


def test_partitions_are_never_taken_away() -> None:
    found = plan([declare()], {"t": ExistingTopic(partitions=5, replication_factor=1)})
    assert found.changes == ()
    assert "5 partitions" in found.remarks[0]


def test_a_differing_config_key_is_altered() -> None:
    topic = declare(config={"cleanup.policy": "compact"})
    existing = ExistingTopic(
        partitions=3, replication_factor=1, config={"cleanup.policy": "delete"}
    )
    assert plan([topic], {"t": existing}).changes == (
        AlterConfig(name="t", key="cleanup.policy", existing="delete", wanted="compact"),
    )


def test_other_topics_and_replication_are_only_mentioned() -> None:
    found = plan(
        [declare()],
        {
            "t": ExistingTopic(partitions=3, replication_factor=3),
            "other": ExistingTopic(partitions=1, replication_factor=1),
        },
    )
    assert found.changes == ()
    assert len(found.remarks) == 2

"""`synctopics` makes the broker agree with the declarations, and only with `--apply`."""

from collections.abc import Iterator
from io import StringIO
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from django.core.management import CommandError, call_command

from events.kafka.admin import KafkaTopics
from events.kafka.topic_plan import AddPartitions, CreateTopic
from events.topics import EventType, Topic, declare_topic, forget_topic, topic_named


@pytest.fixture
def name() -> Iterator[str]:
    name = f"sync_{uuid4().hex}"
    yield name
    forget_topic(name)


def declare(name: str, *, partitions: int = 1, retention: str = "1000000") -> Topic:
    forget_topic(name)
    return declare_topic(
        Topic(
            name=name,
            types=(EventType(name="thing.happened"),),
            partitions=partitions,
            config={"retention.ms": retention},
        )
    )


def run(*, apply: bool) -> str:
    out = StringIO()
    call_command("synctopics", apply=apply, stdout=out)
    return out.getvalue()


def test_a_plan_changes_nothing(name: str, kafka_admin: AdminClient) -> None:
    declare(name)
    said = run(apply=False)
    assert f"create {name}: 1 partitions" in said
    assert "--apply" in said
    assert name not in kafka_admin.list_topics(timeout=10).topics


def test_topics_are_created_and_changed_until_they_are_as_declared(name: str) -> None:
    declare(name)
    assert f"done: create {name}" in run(apply=True)
    assert name not in run(apply=True)
    declare(name, partitions=3, retention="2000000")
    said = run(apply=True)
    assert f"done: add partitions to {name}: 1 -> 3" in said
    assert f"done: alter {name}: retention.ms 1000000 -> 2000000" in said
    assert name not in run(apply=True)
    found = KafkaTopics().existing([topic_named(name)])[name]
    assert (found.partitions, dict(found.config)) == (3, {"retention.ms": "2000000"})


def test_what_another_did_meanwhile_is_fine(name: str) -> None:
    topic = declare(name)
    topics = KafkaTopics()
    for _ in range(2):
        topics.make(CreateTopic(topic=topic))
    for _ in range(2):
        topics.make(AddPartitions(name=name, existing=1, wanted=2))
    assert topics.existing([topic])[name].partitions == 2


def test_a_refused_change_is_told_and_fails_the_command(name: str) -> None:
    declare(name, retention="no number")
    with pytest.raises(CommandError, match="1 of"):
        run(apply=True)


def test_an_absent_kafka_is_said_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    with pytest.raises(CommandError, match="Kafka is unavailable"):
        run(apply=False)

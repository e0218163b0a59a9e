"""F46: Kafka lost what a group had to read, or made the topic anew: told, and put back."""

from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from local.processes import ManagedProcess
from tests.acceptance.operating import operate
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.acceptance.template import add_partitions, create_topic
from tests.checker.history import EventName, History
from tests.checker.invariants import violations
from tests.waiting import wait_until

READ, REMOVED, TOTAL = 60, 90, 120  # read by the group; gone from Kafka; written in all
PARTITIONS = 3
GAPS = """
    SELECT cause, policy, partition, from_offset, to_offset, missed FROM events_gap
    ORDER BY partition, id
"""
PAUSES = "SELECT count(*) FROM events_pause WHERE resumed_at IS NULL"
SEEN = "SELECT count(*) FROM events_grouptopic WHERE topic_id <> ''"


@pytest.fixture
def lost(system: System) -> System:
    """A group that was away while Kafka removed what it had not read, and what it had."""
    system.relay().start()
    consumer = started(system)
    system.publish(READ, name="read")
    wait_until(lambda: system.effects() == READ, timeout_s=60)
    wait_until(lambda: system.lag() == 0 and system.value(SEEN), timeout_s=30, every_s=0.2)
    assert consumer.stop() == 0
    system.publish(TOTAL - READ, name="unread")
    wait_until(lambda: not system.backlog(), timeout_s=30)
    remove(system, before=REMOVED)
    return system


def test_what_retention_removed_is_told_and_comes_back_from_the_table(lost: System) -> None:
    started(lost, name="later")
    missed = REMOVED - READ
    wait_until(lambda: lost.effects() == TOTAL - missed, timeout_s=60)
    assert gaps(lost) == [("retention", "earliest", 0, READ, REMOVED, missed)]
    operate(lost, "republish", "--topic", lost.topic)
    wait_until(lambda: lost.effects() == TOTAL, timeout_s=60)
    finish(lost)


def test_a_group_that_shall_stop_at_a_gap_stops_until_people_have_seen_it(lost: System) -> None:
    started(lost, name="later", waybill={"on_gap": "stop"})
    wait_until(lambda: lost.value(PAUSES) == 1, timeout_s=60)
    missed = REMOVED - READ
    assert gaps(lost) == [("retention", "stop", 0, READ, REMOVED, missed)]
    operate(lost, "republish", "--topic", lost.topic)
    wait_until(lambda: not lost.backlog(), timeout_s=30)
    assert lost.effects() == READ
    place = ("--topic", lost.topic, "--partition", "0")
    operate(lost, "resumegroup", lost.group, *place)
    wait_until(lambda: lost.effects() == TOTAL, timeout_s=60)
    finish(lost)


def test_a_topic_that_was_deleted_and_made_again_is_read_from_its_beginning(
    system: System,
) -> None:
    system.relay().start()
    started(system)
    system.publish(READ, name="before")
    wait_until(lambda: system.effects() == READ, timeout_s=60)
    wait_until(lambda: system.lag() == 0 and system.value(SEEN), timeout_s=30, every_s=0.2)
    drop_topic(system)
    create_topic(system.stack, system.topic)
    system.publish(READ, name="after")
    wait_until(lambda: system.effects() == 2 * READ, timeout_s=60)
    [(cause, policy, partition, _, to_offset, _)] = gaps(system)
    assert (cause, policy, partition, to_offset) == ("recreated", "earliest", 0, 0)
    operate(system, "republish", "--topic", system.topic)
    wait_until(lambda: written(system) == 4 * READ, timeout_s=60, every_s=0.2)
    finish(system, of_old_topic=READ)
    assert system.effects() == 2 * READ


def test_partitions_that_were_added_are_read_from_their_beginning(system: System) -> None:
    system.variables["KAFKA_CONSUMER_TOPIC_METADATA_REFRESH_INTERVAL_MS"] = "2000"
    put_events(system, READ)
    started(system)
    wait_until(lambda: system.effects() == READ, timeout_s=60)
    wait_until(lambda: system.lag() == 0 and system.value(SEEN), timeout_s=30, every_s=0.2)
    add_partitions(system, PARTITIONS)
    put_events(system, READ, first=READ)  # before the group knows of them
    wait_until(lambda: system.effects() == 2 * READ, timeout_s=60)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert {each.place.partition for each in history.effects} == set(range(PARTITIONS))
    assert [each[:3] for each in gaps(system)] == [
        ("added", "earliest", partition) for partition in range(1, PARTITIONS)
    ]


def started(system: System, *, name: str = "consumer", **options: Any) -> ManagedProcess:
    """Start a consumer that commits its offsets soon."""
    eager = {"offset_commit_interval_s": 0.2, **options.pop("waybill", {})}
    consumer = system.consumer(name, waybill=eager, **options)
    consumer.start()
    return consumer


def remove(system: System, *, before: int) -> None:
    """Have Kafka remove the records before an offset, as retention does."""
    place = TopicPartition(system.topic, 0, before)
    admin = AdminClient({"bootstrap.servers": system.kafka, "log_level": 2})
    [future] = admin.delete_records([place]).values()
    assert future.result(15).low_watermark == before


def drop_topic(system: System) -> None:
    """Delete the test's topic; return when the broker shows it no more."""
    admin = AdminClient({"bootstrap.servers": system.kafka, "log_level": 2})
    admin.delete_topics([system.topic])[system.topic].result(15)
    wait_until(lambda: system.topic not in admin.list_topics(timeout=5).topics)


def gaps(system: System) -> list[tuple[Any, ...]]:
    """Return the gaps that are told."""
    with system.database() as database:
        return database.execute(GAPS.encode()).fetchall()


def written(system: System) -> int:
    """Return how many publications there are."""
    return int(system.value("SELECT count(*) FROM events_publication"))


def finish(system: System, *, of_old_topic: int = 0) -> None:
    """Everything is done once; what Kafka lost came back out of its order."""
    system.wait_until_recovered()
    history = system.history()
    history = replace(history, publications=history.publications[of_old_topic:])
    assert violations(replace(history, stepped_out=lost_by_kafka(history))) == []
    assert {each.name for each in history.effects} == {each.name for each in history.accepted}


def lost_by_kafka(history: History) -> frozenset[EventName]:
    """Return the events that lay where Kafka has removed what was there."""
    kept = {each.place for each in history.records}
    published = {each.name for each in history.publications if each.place not in kept}
    return frozenset(published | {e.name for e in history.effects if e.place not in kept})

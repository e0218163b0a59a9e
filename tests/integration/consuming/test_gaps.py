"""Gaps: what Kafka lost is written down before a group goes on, and nothing else is missed."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic
from django.utils import timezone

from events.conf import kafka_settings
from events.models import Gap, GroupTopic, Pause, Seek
from tests.integration.consuming.controlled import PROTOCOLS, Handled, Member
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.consuming.topic_watch.EVERY_S", 0.5)


@pytest.fixture
def stop_on_gap(waybill_settings: Any) -> Any:
    return waybill_settings(on_gap="stop")


@pytest.fixture
def latest(waybill_settings: Any) -> Any:
    return waybill_settings(start_at="latest")


def remove_before(admin: AdminClient, topic: str, offset: int, *, partition: int = 0) -> None:
    """Have Kafka remove messages, as retention does."""
    where = TopicPartition(topic, partition, offset)
    admin.delete_records([where])[where].result(10)


def commit(topic: str, offset: int, *, partition: int = 0) -> None:
    consumer = Consumer({**kafka_settings("consumer"), "group.id": topic})
    where = TopicPartition(topic, partition, offset)
    consumer.commit(offsets=[where], asynchronous=False)
    consumer.close()


def recreate(admin: AdminClient, topic: str, *, partitions: int = 1) -> None:
    admin.delete_topics([topic])[topic].result(10)
    wait_until(lambda: topic not in admin.list_topics(timeout=5).topics)
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(10)
    wait_until(lambda: topic in admin.list_topics(timeout=5).topics)


def gaps(topic: str) -> Iterator[tuple[Any, ...]]:
    rows = Gap.objects.filter(group=topic).order_by("id")
    return iter(rows.values_list("cause", "policy", "from_offset", "to_offset", "missed"))


def is_known(topic: str) -> bool:
    return GroupTopic.objects.filter(group=topic, topic=topic).exists()


def test_a_group_begins_where_the_setting_says_and_that_is_no_gap(
    topic: str, handled: Handled, members: list[Member], latest: Any
) -> None:
    handled.send(range(10))
    members.append(Member(topic, settings=latest))
    wait_until(lambda: is_known(topic), timeout_s=20)
    handled.send(range(10, 15))
    wait_until(lambda: len(handled.seen) == 5)
    assert handled.numbers() == list(range(10, 15))
    assert not Gap.objects.exists()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_retention_that_passed_the_group_is_a_gap_and_it_goes_on_with_what_there_is(
    topic: str,
    handled: Handled,
    *,
    read_to_end: Any,
    kafka_admin: AdminClient,
    protocol: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    handled.send(range(20))
    commit(topic, 3)
    remove_before(kafka_admin, topic, 10)
    with caplog.at_level(logging.ERROR):
        read_to_end(protocol=protocol)
        read_to_end(protocol=protocol)
    assert handled.numbers() == list(range(10, 20))
    assert list(gaps(topic)) == [("retention", "earliest", 3, 10, 7)]
    [said] = [each for each in caplog.records if "gap" in each.getMessage()]
    assert f"republish --topic {topic}" in said.getMessage()


def test_the_policy_stop_waits_for_people(
    topic: str,
    handled: Handled,
    *,
    members: list[Member],
    kafka_admin: AdminClient,
    stop_on_gap: Any,
) -> None:
    handled.send(range(20))
    commit(topic, 3)
    remove_before(kafka_admin, topic, 10)
    members.append(Member(topic, settings=stop_on_gap))
    wait_until(Pause.objects.exists, timeout_s=20)
    pause = Pause.objects.get()
    assert (pause.by, pause.topic, pause.partition) == ("waybill", topic, 0)
    assert "republish" in pause.reason
    members.pop().stop()
    members.append(Member(topic, settings=stop_on_gap))
    wait_until(lambda: members[0].is_in(topic), timeout_s=20)
    remove_before(kafka_admin, topic, 12)  # it is late for these, too
    assert not handled.seen
    Pause.objects.filter(id=pause.id).update(resumed_at=timezone.now())
    wait_until(lambda: len(handled.seen) == 8)
    assert handled.numbers() == list(range(12, 20))
    assert Pause.objects.count() == 1
    assert list(gaps(topic)) == [
        ("retention", "stop", 3, 10, 7),
        ("retention", "earliest", 10, 12, 2),
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("partitions", [2])
def test_retention_that_passes_a_paused_partition_in_the_middle_of_a_life(
    topic: str,
    handled: Handled,
    *,
    members: list[Member],
    kafka_admin: AdminClient,
    protocol: str,
    partitions: int,
) -> None:
    handled.send(range(10))
    handled.send(range(100, 110), partition=1)
    members.append(Member(topic, protocol=protocol))
    wait_until(lambda: len(handled.seen) == 20, timeout_s=20)
    progress = members[0].process._progress
    pause = Pause.objects.create(
        group=topic, topic=topic, partition=0, by="somebody", paused_at=timezone.now()
    )
    wait_until(lambda: (topic, 0) not in progress.open_partitions)
    handled.send(range(10, 30))
    remove_before(kafka_admin, topic, 25)
    Pause.objects.filter(id=pause.id).update(resumed_at=timezone.now())
    wait_until(lambda: len(handled.numbers(0)) == 15)
    handled.send(range(110, 120), partition=1)
    wait_until(lambda: len(handled.numbers(1)) == 20)
    assert handled.numbers(0) == [*range(10), *range(25, 30)]
    assert list(gaps(topic)) == [("retention", "earliest", 10, 25, 15)]


def test_a_group_that_was_further_than_the_end_goes_on_at_the_first_message(
    topic: str, handled: Handled, read_to_end: Any
) -> None:
    handled.send(range(5))
    commit(topic, 50)
    read_to_end()
    assert handled.numbers() == list(range(5))
    assert list(gaps(topic)) == [("truncated", "earliest", 50, 0, None)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_new_partitions_are_read_from_their_first_message_wherever_a_group_begins(
    topic: str,
    handled: Handled,
    *,
    members: list[Member],
    kafka_admin: AdminClient,
    latest: Any,
    protocol: str,
) -> None:
    members.append(Member(topic, settings=latest, protocol=protocol))
    wait_until(lambda: is_known(topic), timeout_s=20)
    members.pop().stop()
    kafka_admin.create_partitions([NewPartitions(topic, 3)])[topic].result(10)
    wait_until(
        lambda: len(kafka_admin.list_topics(topic, timeout=5).topics[topic].partitions) == 3
    )
    for partition in (1, 2):
        handled.send(range(partition * 10, partition * 10 + 10), partition=partition)
    members.append(Member(topic, settings=latest, protocol=protocol))
    wait_until(lambda: len(handled.seen) == 20, timeout_s=30)
    assert handled.numbers(1) == list(range(10, 20))
    assert list(gaps(topic)) == [("added", "earliest", None, 0, 0)] * 2
    wait_until(lambda: GroupTopic.objects.get(group=topic).partitions == 3)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("more", [3, 30], ids=["fewer messages", "more messages"])
def test_a_topic_made_anew_is_read_from_its_first_message(
    topic: str,
    handled: Handled,
    *,
    members: list[Member],
    kafka_admin: AdminClient,
    protocol: str,
    more: int,
) -> None:
    handled.send(range(10))
    members.append(Member(topic, protocol=protocol))
    wait_until(lambda: len(handled.seen) == 10 and is_known(topic), timeout_s=20)
    recreate(kafka_admin, topic)
    handled.send(range(100, 100 + more))
    wait_until(lambda: set(range(100, 100 + more)) <= set(handled.numbers()), timeout_s=60)
    [gap] = gaps(topic)
    assert (gap[0], gap[3]) == ("recreated", 0)
    wait_until(lambda: Seek.objects.get(group=topic).state == Seek.State.DONE)


def test_a_topic_made_anew_while_nobody_lived_is_noticed_before_its_first_message(
    topic: str, handled: Handled, members: list[Member], kafka_admin: AdminClient
) -> None:
    handled.send(range(10))
    members.append(Member(topic))
    wait_until(lambda: len(handled.seen) == 10 and is_known(topic), timeout_s=20)
    members.pop().stop()
    recreate(kafka_admin, topic)
    handled.send(range(100, 130))
    commit(topic, 10)
    members.append(Member(topic))
    wait_until(lambda: len(handled.numbers()) == 40, timeout_s=30)
    assert handled.numbers() == [*range(10), *range(100, 130)]
    [gap] = gaps(topic)
    assert (gap[0], gap[3]) == ("recreated", 0)


@pytest.mark.parametrize("removed", [0, 4])
def test_offsets_that_kafka_lost_are_a_gap_if_messages_went_too(
    topic: str,
    handled: Handled,
    *,
    members: list[Member],
    kafka_admin: AdminClient,
    latest: Any,
    removed: int,
) -> None:
    members.append(Member(topic, settings=latest))
    wait_until(lambda: is_known(topic), timeout_s=20)
    handled.send(range(10))
    wait_until(lambda: len(handled.seen) == 10)
    members.pop().stop()
    kafka_admin.delete_consumer_groups([topic])[topic].result(10)
    if removed:
        remove_before(kafka_admin, topic, removed)
    handled.send(range(10, 15))
    members.append(Member(topic, settings=latest))
    wait_until(lambda: len(handled.seen) == 15, timeout_s=20)
    assert handled.numbers() == list(range(15))
    expected = [("retention", "earliest", None, removed, None)] if removed else []
    assert list(gaps(topic)) == expected

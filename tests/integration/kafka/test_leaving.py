"""Leaving: a member that ends is gone from its group at once, whatever it held."""

from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from events.kafka.consumer import KafkaConsumer
from events.kafka.record import Partition
from tests.waiting import wait_until


def member(topic: str, strategy: str) -> KafkaConsumer:
    def accept(_partitions: frozenset[Partition]) -> frozenset[Partition]:
        return frozenset()

    def give_up(_partitions: frozenset[Partition], _lost: bool) -> None:
        """Nothing is in hand."""

    return KafkaConsumer(
        group=topic,
        topics=[topic],
        on_assign=accept,
        on_revoke=give_up,
        overrides={"partition.assignment.strategy": strategy},
    )


def members(admin: AdminClient, group: str) -> int:
    return len(admin.describe_consumer_groups([group])[group].result(10).members)


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_a_member_without_partitions_leaves_as_one_with_some_does(
    make_topic: Any, kafka_admin: AdminClient, strategy: str
) -> None:
    topic = make_topic(partitions=1)
    both = [member(topic, strategy), member(topic, strategy)]

    def have_settled() -> bool:
        for each in both:
            each.fetch(1, timeout_s=0.05)
        holding = sum(bool(each.assignment) for each in both)
        return holding == 1 and all(each.was_assigned for each in both)

    wait_until(have_settled, timeout_s=30)
    for each in sorted(both, key=lambda each: len(each.assignment)):  # the one without goes first
        before = members(kafka_admin, topic)
        assert each.close(timeout_s=10)
        wait_until(lambda: members(kafka_admin, topic) == before - 1, timeout_s=5)  # noqa: B023

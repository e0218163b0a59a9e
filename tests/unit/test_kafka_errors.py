"""Which of Kafka's errors are waited out, and which end the process."""

from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, KafkaException

from events.kafka.consumer import KafkaConsumer


@pytest.fixture
def consumer() -> Iterator[KafkaConsumer]:
    consumer = KafkaConsumer(
        group="nobody",
        topics=["nothing"],
        on_revoke=lambda *_: None,
        overrides={"bootstrap.servers": "127.0.0.1:1"},
    )
    yield consumer
    assert consumer.close(timeout_s=10)


def test_a_coordinator_on_its_way_is_waited_for(consumer: KafkaConsumer) -> None:
    consumer._note(KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS), "", -1)


def test_partitions_whose_offsets_stay_unknown_are_not_kept(consumer: KafkaConsumer) -> None:
    reason = "Failed to fetch committed offsets for 1 partition(s) in group: Coordinator load"
    with pytest.raises(KafkaException):
        consumer._note(KafkaError(KafkaError.COORDINATOR_LOAD_IN_PROGRESS, reason), "", -1)

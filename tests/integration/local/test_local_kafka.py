"""Kafka: used, killed, frozen and restarted, with the records still there."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.errors import ServiceFailed
from local.kafka import Kafka
from local.stack import Stack


@pytest.fixture
def kafka(stack: Stack) -> Kafka:
    return stack.kafka


@pytest.fixture
def topic(kafka: Kafka) -> str:
    name = f"t{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": kafka.url})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
    return name


def produce(kafka: Kafka, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.url, "acks": "all"})
    producer.produce(topic, value)
    assert producer.flush(10) == 0


def consume(kafka: Kafka, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer({"bootstrap.servers": kafka.url, "group.id": "reader"})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages = consumer.consume(count, 10)
        return [message.value() for message in messages]
    finally:
        consumer.close()


def test_acknowledged_records_survive_kill_9(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, b"before")
    url = kafka.url
    kafka.kill()
    assert not kafka.running
    kafka.start()
    kafka.wait_ready()
    assert kafka.url == url
    produce(kafka, topic, b"after")
    assert consume(kafka, topic, 2) == [b"before", b"after"]


def test_a_frozen_broker_does_not_answer_until_thawed(kafka: Kafka) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.url})
    kafka.freeze()
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=0.5)
    kafka.thaw()
    kafka.wait_ready()
    assert len(admin.list_topics(timeout=10).brokers) == 1


def test_a_directory_of_another_broker_fails_with_the_logs_last_lines(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    foreign = "version=1\nnode.id=77\ncluster.id=another\n"
    (tmp_path / "data" / "meta.properties").write_text(foreign)
    kafka = Kafka(tmp_path)
    kafka.start()
    with pytest.raises(ServiceFailed, match=r"(?s)kafka ended with exit code 1.*77"):
        kafka.wait_ready()
    kafka.release()

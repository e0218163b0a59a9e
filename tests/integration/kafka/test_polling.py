"""Polling: a wait that is over already ends at once; to librdkafka it would mean "for ever"."""

import threading
from collections.abc import Callable

from events.kafka.consumer import KafkaConsumer
from events.kafka.producer import KafkaProducer
from tests.conftest import MakeTopic


def returns_soon(call: Callable[[], object]) -> bool:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(5)
    return not thread.is_alive()


def test_a_producer_does_not_wait_for_ever() -> None:
    producer = KafkaProducer()
    assert returns_soon(lambda: producer.poll(-0.001))
    producer.close()


def test_a_consumer_does_not_wait_for_ever(make_topic: MakeTopic) -> None:
    consumer = KafkaConsumer(group="polling", topics=[make_topic()], on_revoke=lambda *_: None)
    assert returns_soon(lambda: consumer.fetch(1, timeout_s=-0.001))
    assert consumer.close(timeout_s=10)

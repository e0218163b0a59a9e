"""A topic with something in it: records as the relay writes them."""

import uuid

from confluent_kafka import Producer

from benchmarks.filled_outbox import TYPE, key_of, value_of


def fill(topic: str, *, bootstrap_servers: str, messages: int, size: int = 400) -> None:
    """Produce so many events of `size` bytes to an existing topic and wait for their acks."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "linger.ms": 5,
            "compression.type": "zstd",
            "partitioner": "murmur2_random",
            "message.max.bytes": 2_000_000,
        }
    )
    for number in range(messages):
        while True:
            try:
                _produce(producer, topic, number, size=size)
                break
            except BufferError:
                producer.poll(0.1)
    if left := producer.flush(120):
        raise RuntimeError(f"{left} records were not delivered")


def _produce(producer: Producer, topic: str, number: int, *, size: int) -> None:
    event_id = str(uuid.uuid4())
    headers = {
        "content-type": "application/json",
        "ce_id": event_id,
        "ce_type": TYPE,
        "ce_source": "/waybill",
        "ce_specversion": "1.0",
        "ce_time": "2026-01-31T12:00:00.000000Z",
        "ce_waybillid": event_id,
    }
    producer.produce(
        topic,
        key=key_of(number),
        value=value_of(number, size=size),
        headers=[(name, value.encode()) for name, value in headers.items()],
    )
    if number % 1_000 == 0:
        producer.poll(0)

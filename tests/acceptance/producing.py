"""Producing: records put on a topic directly, where a test is about the consumer alone."""

from confluent_kafka import Producer

from tests.acceptance.system import System

TYPE = b"thing.happened"
KEYS = 7
Headers = list[tuple[str, str | bytes | None]]


def put_events(system: System, count: int) -> None:
    """Write so many events as another program would: CloudEvents, binary mode."""
    producer = Producer({"bootstrap.servers": system.kafka})
    for number in range(count):
        headers: Headers = [
            ("ce_specversion", b"1.0"),
            ("ce_type", TYPE),
            ("ce_source", b"/elsewhere"),
            ("ce_id", b"%06d" % number),
            ("content-type", b"application/json"),
        ]
        key, value = b"key-%d" % (number % KEYS), b'{"n": %d}' % number
        producer.produce(system.topic, key=key, value=value, headers=headers)
    assert producer.flush(15) == 0


def put_garbage(system: System, values: list[bytes]) -> None:
    """Write what no publisher of ours would; the last one has headers that are no text."""
    producer = Producer({"bootstrap.servers": system.kafka})
    headers: Headers = [("ce_type", TYPE)]
    for value in values[:-1]:
        producer.produce(system.topic, value=value, headers=headers)
    odd = [*headers, ("ce_id", b"\xff\xfe")]
    producer.produce(system.topic, key=b"\xff", value=values[-1], headers=odd)
    assert producer.flush(15) == 0

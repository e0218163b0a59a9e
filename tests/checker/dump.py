"""Dump: a topic's records, and how far a group is, by ways the product does not use."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from tests.checker.history import Written
from tests.checker.sharing import name_of, place_of, shared


def written(topic: str, *, kafka: str, timeout_s: float = 15.0) -> tuple[Written, ...]:
    """Dump a topic from its first record to its end as it is now."""
    consumer = Consumer(
        {"bootstrap.servers": kafka, "group.id": "history", "enable.auto.commit": False}
    )
    try:
        bounds = _bounds(consumer, topic, timeout_s=timeout_s)
        ends = {each: end if end > first else 0 for each, (first, end) in bounds.items()}
        consumer.assign([TopicPartition(topic, each, OFFSET_BEGINNING) for each in ends])
        found: list[Written] = []
        while any(ends.values()):
            message = consumer.poll(timeout_s)
            if message is None or (error := message.error()):
                raise KafkaException(error if message else "the dump of a topic got stuck")
            found.append(_record(message))
            place = found[-1].place
            if place.offset + 1 >= ends[place.partition]:
                ends[place.partition] = 0
        return tuple(sorted(found, key=lambda each: each.place))
    finally:
        consumer.close()


def first_offsets(
    topics: Iterable[str], *, kafka: str, timeout_s: float = 15.0
) -> dict[tuple[str, int], int]:
    """Return the offset of the first record that is still there, by topic and partition."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "history", "log_level": 2})
    try:
        return {
            (topic, partition): first
            for topic in topics
            for partition, (first, _) in _bounds(consumer, topic, timeout_s=timeout_s).items()
        }
    finally:
        consumer.close()


def end_offsets(consumer: Consumer, topic: str, *, timeout_s: float) -> dict[int, int]:
    """Return the offset after the last record of each partition."""
    bounds = _bounds(consumer, topic, timeout_s=timeout_s)
    return {partition: end for partition, (_, end) in bounds.items()}


def lag(group: str, topics: Sequence[str], *, kafka: str, timeout_s: float = 5.0) -> int:
    """Return how many records the group has not committed, without joining it."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": group, "log_level": 2})
    try:
        total = 0
        for topic in topics:
            ends = end_offsets(consumer, topic, timeout_s=timeout_s)
            asked = [TopicPartition(topic, partition) for partition in ends]
            for each in consumer.committed(asked, timeout=timeout_s):
                total += ends[each.partition] - max(each.offset, 0)
        return total
    finally:
        consumer.close()


def _bounds(consumer: Consumer, topic: str, *, timeout_s: float) -> dict[int, tuple[int, int]]:
    partitions = consumer.list_topics(topic, timeout=timeout_s).topics[topic].partitions
    return {
        each: consumer.get_watermark_offsets(TopicPartition(topic, each), timeout=timeout_s)
        for each in partitions
    }


def _record(message: Message) -> Written:
    headers = dict(message.headers() or [])
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    place = place_of(topic, partition or 0, offset or 0)
    source = headers.get("ce_source") or f"kafka:{place.topic}"
    own_id = headers.get("ce_id") or f"{place.partition}:{place.offset}"
    name = name_of(_text(source), _text(own_id))
    return Written(
        place=place,
        name=name,
        key=_bytes(message.key()),
        value_sha256=_sha256(message.value()),
        clock=message.timestamp()[1] / 1000,
    )


def _sha256(value: Any) -> str | None:
    raw = _bytes(value)
    return None if raw is None else shared(hashlib.sha256(raw).hexdigest())


def _bytes(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

"""Committed: how far groups are by Kafka's word, asked without joining them."""

import threading
from collections.abc import Collection
from concurrent.futures import Future

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.conf import kafka_settings
from events.kafka.record import Partition

Offsets = dict[Partition, int]


def committed_offsets(
    group: str, partitions: Collection[Partition], *, timeout_s: float
) -> Offsets:
    """Return the offsets that the group committed; partitions without one are left out.

    Waits for the group's coordinator, too, at most `timeout_s`. Raises KafkaException.

    Never asked through AdminClient: in librdkafka 2.16 its list_consumer_group_offsets ends the
    process with a segmentation fault when a broker answers that it is not, or not yet, the
    group's coordinator. This client has a group, and is no member of it.
    """
    if not partitions:
        return {}
    own = {"group.id": group, "enable.auto.commit": False, "log_level": 2}
    consumer = Consumer({**kafka_settings("admin"), **own})
    try:
        asked = [TopicPartition(topic, number) for topic, number in partitions]
        found = consumer.committed(asked, timeout=timeout_s)
    finally:
        consumer.close()
    for each in found:
        if each.error is not None:
            raise KafkaException(each.error)
    return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}


def committed_later(
    group: str, partitions: Collection[Partition], *, timeout_s: float
) -> Future[Offsets]:
    """Ask as `committed_offsets` does, in a thread of its own; the answer comes in the future."""
    future: Future[Offsets] = Future()

    def ask() -> None:
        try:
            future.set_result(committed_offsets(group, partitions, timeout_s=timeout_s))
        except KafkaException as error:
            future.set_exception(error)

    threading.Thread(target=ask, name="kafka-committed", daemon=True).start()
    return future

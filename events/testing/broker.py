"""Broker: where groups and topics stand on Kafka; one that just started is waited for."""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from events.conf import kafka_settings
from events.errors import ServiceUnavailable
from events.kafka.groups import KafkaGroups
from events.kafka.record import Partition
from events.kafka.standing import PartitionStanding
from events.testing.refusals import KitRefused

T = TypeVar("T")
_ANY_GROUP = "waybill-testing"  # where partitions end is the same for every group
PATIENCE_S = 15.0
ANSWER_S = 8.0
_AGAIN_S = 0.1


def partitions(
    topics: Collection[str], *, group: str = _ANY_GROUP
) -> tuple[PartitionStanding, ...]:
    """Return where the partitions of these topics, and a group in them, stand.

    Raises KitRefused, as everything here, if no broker answers.
    """
    return patiently(lambda: KafkaGroups(timeout_s=ANSWER_S).standing(group, topics)).partitions


def ends(topics: Collection[str]) -> dict[Partition, int]:
    """Return the offsets after the last messages of these topics."""
    return {(each.topic, each.partition): each.end for each in partitions(topics)}


def put(group: str, offsets: Mapping[Partition, int]) -> None:
    """Set a group's offsets; no member of it may live."""
    patiently(lambda: KafkaGroups(timeout_s=ANSWER_S).alter(group, offsets))


def patiently(ask: Callable[[], T]) -> T:
    """Return what `ask` returns, asked again while Kafka does not answer."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except ServiceUnavailable as away:
            if time.monotonic() > deadline:
                servers = kafka_settings("admin")["bootstrap.servers"]
                raise KitRefused(
                    f"no broker answers at {servers} ({away}): start one, or set "
                    "KAFKA_BOOTSTRAP_SERVERS"
                ) from away
            threading.Event().wait(_AGAIN_S)

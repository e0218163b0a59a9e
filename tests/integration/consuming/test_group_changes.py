"""Members join and leave while messages flow: effects once, order per key kept."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Producer
from django.contrib.auth.models import Group
from django.db import connections

from events.conf import kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter, InHand
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

TYPE = "thing.happened"
MESSAGES = 1500
KEYS = 30


class Member:
    """One consumer of the group, in a thread of its own."""

    def __init__(self, group: str, strategy: str) -> None:
        self._stop = threading.Event()
        self.code: int | None = None
        self._process = ConsumerProcess(
            group=group,
            settings=waybill(),
            overrides={
                "partition.assignment.strategy": strategy,
                "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 500,
            },
        )
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.code = self._process.run(self._stop)
        finally:
            connections.close_all()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert self.code == 0


def has_rows(most: int) -> bool:
    return Consumption.objects.count() > most


@pytest.fixture
def topic(make_topic: Any) -> Iterator[str]:
    topic = str(make_topic(TYPE, partitions=4))
    yield topic
    unsubscribe(topic, group=topic, type=TYPE)


@pytest.fixture
def stopping() -> Iterator[list[Member]]:
    """Members that are stopped at the end, also when the test fails."""
    members: list[Member] = []
    yield members
    for member in members:
        member.stop()


@pytest.mark.parametrize("strategy", ["cooperative-sticky", "range"])
def test_effects_happen_once_and_in_the_order_of_their_key(
    topic: str, strategy: str, stopping: list[Member], dedupe_redis: Any
) -> None:
    handled: dict[str, list[int]] = defaultdict(list)

    def handle(event: ReceivedEvent) -> None:
        Group.objects.create(name=f"{event.data['key']} {event.data['n']}")
        handled[event.data["key"]].append(event.data["n"])
        threading.Event().wait(0.001)

    subscribe(topic, group=topic, type=TYPE, dedupe_key="{key} {n}")(handle)
    members = stopping
    members.append(Member(topic, strategy))
    producer = Producer({**kafka_settings("producer"), "enable.idempotence": True})
    for n in range(MESSAGES):
        key = f"key {n % KEYS}"
        value = b'{"key": "%s", "n": %d}' % (key.encode(), n)
        producer.produce(topic, key=key, value=value, headers=[("ce_type", TYPE.encode())])
        if n % 300 == 299:
            producer.flush(10)
            wait_until(partial(has_rows, n // 2), timeout_s=30)
            members.append(Member(topic, strategy))
            if len(members) > 2:
                members.pop(0).stop()
    wait_until(lambda: Consumption.objects.count() == MESSAGES, timeout_s=60)
    while members:
        members.pop().stop()
    assert Group.objects.count() == MESSAGES
    for numbers in handled.values():
        firsts = list(dict.fromkeys(numbers))  # a rolled back chunk is handled again
        assert firsts == sorted(firsts)
    assert not Attempt.objects.exists()
    assert not DeadLetter.objects.exists()
    assert not InHand.objects.exists()

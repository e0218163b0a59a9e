"""Flow: a partition is fetched from only while no reason holds it."""

from collections.abc import Collection
from typing import Any, cast

import pytest

from events.consuming.flow import Flow
from events.consuming.progress import Wait
from events.event import Position
from events.kafka.record import Partition

A, B = ("t", 0), ("t", 1)


class Client:
    """What Kafka's client does with pauses, as far as a flow sees it."""

    def __init__(self) -> None:
        self.assignment: frozenset[Partition] = frozenset({A, B})
        self.paused: set[Partition] = set()
        self.rewound: list[Position] = []
        self.calls = 0

    def pause(self, partitions: Collection[Partition]) -> None:
        assert not self.paused & set(partitions), "paused twice: what was prefetched is dropped"
        self.paused |= set(partitions)
        self.calls += 1

    def resume(self, partitions: Collection[Partition]) -> None:
        self.paused -= set(partitions)
        self.calls += 1

    def rewind(self, position: Position) -> bool:
        self.rewound.append(position)
        return True


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def flow(client: Client, now: list[float]) -> Flow:
    return Flow(cast(Any, client), clock=lambda: now[0])


def wait_for(partition: Partition, *, delay_s: float) -> Wait:
    return Wait(position=Position(*partition, 7), delay_s=delay_s)


def test_a_waiting_message_that_is_due_while_its_partition_is_closed_is_fetched_when_opened(
    client: Client, flow: Flow, now: list[float]
) -> None:
    flow.hold(wait_for(A, delay_s=5.0))
    flow.close(frozenset({A}))
    assert not flow.is_waiting
    now[0] = 6.0
    flow.release_due()
    assert client.paused == {A}
    flow.close(frozenset())
    assert client.paused == set()


def test_an_opened_partition_still_waits_for_its_message(
    client: Client, flow: Flow, now: list[float]
) -> None:
    flow.hold(wait_for(A, delay_s=5.0))
    flow.close(frozenset({A, B}))
    flow.close(frozenset())
    assert client.paused == {A}
    assert flow.next_due_s(10.0) == 5.0
    now[0] = 5.0
    flow.release_due()
    assert client.paused == set()


def test_what_is_closed_while_slow_work_stops_all_stays_closed_afterwards(
    client: Client, flow: Flow
) -> None:
    flow.stop_all()
    flow.close(frozenset({A}))
    assert client.paused == {A, B}
    flow.start_all()
    assert client.paused == {A}
    flow.close(frozenset())
    assert client.paused == set()


def test_what_is_opened_while_slow_work_stops_all_goes_on_with_the_others(
    client: Client, flow: Flow
) -> None:
    flow.close(frozenset({A}))
    flow.stop_all()
    flow.close(frozenset())
    assert client.paused == {A, B}
    flow.start_all()
    assert client.paused == set()


def test_a_partition_that_left_and_came_back_is_held_by_what_is_true_then(
    client: Client, flow: Flow, now: list[float]
) -> None:
    flow.hold(wait_for(A, delay_s=5.0))
    flow.close(frozenset({A, B}))
    flow.forget([A, B])
    client.paused = {A}
    flow.arrive(frozenset({A, B}), closed=frozenset({A}))
    flow.close(frozenset())
    assert client.paused == set()
    assert not flow.is_waiting


def test_nothing_is_said_to_kafka_while_nothing_changes(client: Client, flow: Flow) -> None:
    flow.close(frozenset({A}))
    calls = client.calls
    for _ in range(3):
        flow.start_all()
        flow.release_due()
        flow.close(frozenset({A}))
    assert client.calls == calls

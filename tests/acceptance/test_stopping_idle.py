"""A consumer that has nothing in hand stops within two seconds, whatever it waits for."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from local.errors import ServiceFailed
from local.processes import ManagedProcess
from tests.acceptance.group_members import members, owners
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

WITHIN_S = 2.0
EVENTS = 5
NO_KAFKA = "Kafka does not answer"
NO_POSTGRES = "PostgreSQL is not available"
Bring = Callable[[System, ManagedProcess], None]


def nothing_to_do(system: System, _consumer: ManagedProcess) -> None:
    """Wait until the consumer has its partition."""
    wait_until(lambda: owners(system), timeout_s=30, every_s=0.2)


def a_retry(system: System, _consumer: ManagedProcess) -> None:
    """Wait until a message is to be tried again, much later."""
    put_events(system, EVENTS)
    failed = "SELECT count(*) FROM events_attempt"
    wait_until(lambda: system.value(failed) == 1, timeout_s=30)


def a_killed_kafka(system: System, consumer: ManagedProcess) -> None:
    """Kill the broker, and wait until the consumer says so."""
    nothing_to_do(system, consumer)
    system.stack.kafka.kill()
    consumer.wait_for_log(NO_KAFKA, timeout_s=30)


def a_frozen_kafka(system: System, consumer: ManagedProcess) -> None:
    """Freeze the broker; the consumer cannot know of it yet."""
    nothing_to_do(system, consumer)
    system.stack.kafka.freeze()


def a_killed_postgres(system: System, consumer: ManagedProcess) -> None:
    """Kill the database under a message."""
    nothing_to_do(system, consumer)
    system.stack.postgres.kill()
    put_events(system, EVENTS)
    consumer.wait_for_log(NO_POSTGRES, timeout_s=30)


@pytest.fixture(autouse=True)
def back(system: System) -> Iterator[None]:
    """Whatever happens, nothing stays frozen."""
    yield
    with suppress(ServiceFailed):  # it was killed, and the next test starts it
        system.stack.kafka.thaw()


@pytest.mark.parametrize(
    "waiting_for",
    [nothing_to_do, a_retry, a_killed_kafka, a_frozen_kafka, a_killed_postgres],
    ids=lambda bring: bring.__name__,
)
def test_an_idle_consumer_stops_within_two_seconds(system: System, waiting_for: Bring) -> None:
    late = {"max_attempts": 9, "initial_s": 60.0}
    system.variables |= Handling(retry=late, fails={"000000": 1}).variables()
    consumer = system.consumer()
    consumer.start()
    waiting_for(system, consumer)
    assert consumer.running
    began = time.monotonic()
    consumer.signal(signal.SIGTERM)
    code = consumer.wait_exit(30)
    took_s = time.monotonic() - began
    assert code == 0
    assert took_s <= WITHIN_S, f"it took {took_s:.1f} s"
    if waiting_for in {nothing_to_do, a_retry}:
        assert members(system) == []


def test_a_busy_consumer_ends_as_soon_as_its_message(system: System) -> None:
    system.variables |= Handling(slow={"000001": 4.0}).variables()
    put_events(system, EVENTS)
    consumer = system.consumer(waybill={"stop_budget_s": 20.0})
    consumer.start()
    wait_until(
        lambda: system.trace.exists() and "000001" in system.trace.read_text(), timeout_s=60
    )
    began = time.monotonic()
    consumer.signal(signal.SIGTERM)
    assert consumer.wait_exit(20) == 0
    assert time.monotonic() - began <= 4.0 + WITHIN_S
    assert 2 <= system.effects() < EVENTS
    consumer.start()
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    system.wait_until_recovered()
    assert violations(system.history()) == []

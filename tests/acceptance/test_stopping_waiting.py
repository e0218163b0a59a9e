"""A consumer that waits, for a retry or for its database, stops at once; a busy one soon after."""

import signal
import time
from collections.abc import Callable

import pytest

from local.processes import ManagedProcess
from tests.acceptance.group_members import members, owners
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.collecting import handled
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

WITHIN_S = 2.0
EVENTS = 5
TAKES_S = 4.0
BUSY_WITH = "000001"
NO_POSTGRES = "PostgreSQL is not available"
Bring = Callable[[System, ManagedProcess], None]


def a_retry(system: System, _consumer: ManagedProcess) -> None:
    """Have a message fail that is to be tried again, much later."""
    put_events(system, EVENTS)
    failed = "SELECT count(*) FROM events_attempt"
    wait_until(lambda: system.value(failed) == 1, timeout_s=30)


def its_database(system: System, consumer: ManagedProcess) -> None:
    """Kill the database under a message."""
    wait_until(lambda: owners(system), timeout_s=30, every_s=0.2)
    system.stack.postgres.kill()
    put_events(system, EVENTS)
    consumer.wait_for_log(NO_POSTGRES, timeout_s=30)


@pytest.mark.parametrize("waiting_for", [a_retry, its_database])
def test_a_waiting_consumer_stops_within_two_seconds(system: System, waiting_for: Bring) -> None:
    late = {"max_attempts": 9, "initial_s": 60.0}
    system.variables |= Handling(retry=late, fails={"000000": 1}).variables()
    consumer = system.consumer()
    consumer.start()
    waiting_for(system, consumer)
    began = time.monotonic()
    consumer.signal(signal.SIGTERM)
    assert consumer.wait_exit(30) == 0
    took_s = time.monotonic() - began
    assert took_s <= WITHIN_S, f"it took {took_s:.1f} s"
    assert members(system) == []


def test_a_busy_consumer_ends_as_soon_as_its_message(system: System) -> None:
    system.variables |= Handling(slow={BUSY_WITH: TAKES_S}).variables()
    put_events(system, EVENTS)
    consumer = system.consumer(waybill={"stop_budget_s": 20.0})
    consumer.start()
    wait_until(lambda: BUSY_WITH in [each.name.id for each in handled(system.trace)], timeout_s=60)
    began = time.monotonic()
    consumer.signal(signal.SIGTERM)
    assert consumer.wait_exit(20) == 0
    assert time.monotonic() - began <= TAKES_S + WITHIN_S
    assert 2 <= system.effects() < EVENTS
    consumer.start()
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    system.wait_until_recovered()
    assert violations(system.history()) == []

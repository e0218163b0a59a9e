"""F6: relays share the buckets fairly while one comes and goes and Kafka is restarted.

With FULL_LENGTH=1: 100,000 events over 1,000 keys and five restarts.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from events.publishing.buckets import BUCKETS
from local.demo.screen import Screen
from local.processes import ManagedProcess
from tests.acceptance.length import lasting
from tests.acceptance.shares import Watch, shares, wait_for_shares
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

EVENTS = lasting(4_000, full=100_000)
RESTARTS = lasting(2, full=5)
KEYS = 1_000
TOGETHER, EVERY_S = 50, lasting(0.1, full=0.05)
STAYS_S = 2.0
_PUBLISHED = "SELECT count(*) FROM events_publication"


@dataclass(kw_only=True, slots=True)
class Guest:
    """A relay that comes and goes; how often it held buckets."""

    visits: int = 0


@pytest.mark.timeout(lasting(240, full=1_800))
def test_a_fleet_keeps_every_key_in_order_whoever_joins_or_leaves(system: System) -> None:
    for process in (system.relay("relay-a"), system.relay("relay-b"), system.consumer()):
        process.start()
    wait_for_shares(system, [BUCKETS // 2, BUCKETS // 2], timeout_s=30)
    load = system.load(count=EVENTS, keys=KEYS, together=TOGETHER, every_s=EVERY_S)
    with Watch(system) as watch, coming_and_going(system, system.relay("guest")) as guest:
        load.start()
        for number in range(RESTARTS):
            wait_for_share_of_events(system, (number + 0.5) / (RESTARTS + 1))
            system.stack.kafka.restart(timeout_s=90, immediate=number % 2 == 0)
        assert load.wait_exit(lasting(60, full=900)) == 0, load.log.tail()
        wait_until(lambda: guest.visits >= RESTARTS, timeout_s=60)
    wait_for_shares(system, [BUCKETS // 2, BUCKETS // 2], timeout_s=15)
    took_s = system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted) == EVENTS
    assert watch.doubled == 0
    assert any(is_fair(each) for each in watch.seen), watch.seen
    copies = len(history.records) - EVENTS
    Screen().line(
        f"{EVENTS} events over {KEYS} keys, {RESTARTS} restarts of Kafka, {guest.visits} visits, "
        f"{watch.looks} looks at the locks: 0 lost, {copies} copies, drained {took_s:.1f} s after"
    )


def is_fair(shared: tuple[int, ...]) -> bool:
    """Whether three hold all buckets, and none more than its share."""
    return len(shared) == 3 and sum(shared) == BUCKETS and max(shared) <= math.ceil(BUCKETS / 3)


@contextmanager
def coming_and_going(system: System, relay: ManagedProcess) -> Iterator[Guest]:
    """Have a relay join, stay for two seconds and leave, again and again; sometimes by force."""
    stop, guest = threading.Event(), Guest()

    def run() -> None:
        while not stop.is_set():
            relay.start()
            wait_until(lambda: len(shares(system)) == 3 or stop.is_set(), timeout_s=60)
            guest.visits += 1
            stop.wait(STAYS_S)
            if guest.visits % 2:
                relay.stop()
            else:
                relay.kill()
            stop.wait(STAYS_S)

    thread = threading.Thread(target=run, name="guest", daemon=True)
    thread.start()
    try:
        yield guest
    finally:
        stop.set()
        thread.join()
        relay.stop()


def wait_for_share_of_events(system: System, share: float) -> None:
    """Wait until Kafka confirmed this share of all events."""
    wait_until(
        lambda: system.value(_PUBLISHED) >= share * EVENTS,
        timeout_s=lasting(60, full=600),
        every_s=0.1,
    )

"""F7: a relay freezes with a confirmed write that it has not marked; another takes over, it wakes.

With FULL_LENGTH=1 it is frozen for 20 s, with the heartbeats of production.
"""

import time

from events.publishing.buckets import BUCKETS
from local.demo.screen import Screen
from local.processes import ManagedProcess
from tests.acceptance.length import lasting
from tests.acceptance.shares import wait_for_shares
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

FROZEN_S = lasting(5.0, full=20.0)
HEARTBEATS = lasting({"heartbeat_interval_s": 0.5, "heartbeat_stale_s": 2.0}, full={})
TAKEN_OVER_WITHIN_S = 10.0
BETWEEN = "relay.after_ack_before_mark"
HALVES = [BUCKETS // 2, BUCKETS // 2]


def test_a_relay_that_wakes_marks_nothing_and_takes_its_share_anew(system: System) -> None:
    frozen = system.relay(
        "relay-a", waybill=HEARTBEATS, failpoints=system.failpoint(BETWEEN, "wait@3")
    )
    other = system.relay("relay-b", waybill=HEARTBEATS)
    load = system.load()
    for process in (frozen, other, system.consumer()):
        process.start()
    wait_for_shares(system, HALVES, timeout_s=30)
    load.start()
    wait_until(lambda: system.reached(BETWEEN) == 1, timeout_s=30)

    took_s = freeze_and_be_replaced(system, frozen, other)
    pid = frozen.pid
    frozen.thaw()
    system.release(BETWEEN)
    frozen.wait_for_log("PostgreSQL does not answer as it should", timeout_s=15)
    frozen.wait_for_log("PostgreSQL answers again; the outbox is read anew", timeout_s=15)
    wait_for_shares(system, HALVES, timeout_s=15)

    assert load.stop() == 0
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted)
    assert frozen.pid == pid
    # What was confirmed to the frozen one was written again by the other, and told once.
    assert len(history.records) > len({record.name for record in history.records})
    Screen().line(f"a frozen relay's buckets were in other hands after {took_s:.1f} s")


def freeze_and_be_replaced(system: System, frozen: ManagedProcess, other: ManagedProcess) -> float:
    """Freeze a relay; return how long it took until the other had all buckets."""
    frozen.freeze()
    began = time.monotonic()
    wait_for_shares(system, [BUCKETS], timeout_s=TAKEN_OVER_WITHIN_S)
    took_s = time.monotonic() - began
    other.wait_for_log("ended the database session of a relay that no longer beats", timeout_s=1)
    done = system.effects()
    wait_until(lambda: system.effects() > done, timeout_s=20)
    wait_until(lambda: time.monotonic() - began > FROZEN_S, timeout_s=FROZEN_S)
    return took_s

"""F14: a publisher's clock jumps by an hour, ahead and back: order and truth are the database's.

A relay is stepped through such jumps in tests/integration/publishing/test_clocks.py: under
libfaketime the waits of Kafka's client do not end, whatever the clock says.
"""

import time
from pathlib import Path

import pytest

from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.checker.invariants import violations
from tests.waiting import wait_until

HOUR_S = 3_600
LIBRARIES = [
    *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
    *Path("/usr/lib/faketime").glob("libfaketimeMT.so.1"),
]
pytestmark = pytest.mark.skipif(
    not LIBRARIES, reason="libfaketime is not installed (apt-get install libfaketime)"
)


def test_events_of_a_jumping_clock_keep_their_order(system: System, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    jump(clock, 0)
    load = system.load(variables=odd_clock(clock))
    for process in (load, system.relay(), system.consumer()):
        process.start()
    for hours in (0, 1, -1, 0):
        jump(clock, hours * HOUR_S)
        wait_for_clock(system, hours)
        wait_for_effects(system, 100)

    assert load.stop() == 0
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted)
    oldest = "SELECT min(extract(epoch FROM least(accepted_at, occurred_at))) FROM events_event"
    assert time.time() - float(system.value(oldest)) < HOUR_S / 10


def odd_clock(clock: Path) -> dict[str, str]:
    """What makes a process read its wall clock from a file; its other clocks stay."""
    return {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def jump(clock: Path, offset_s: int) -> None:
    """Set the clock so far ahead, or back."""
    fresh = clock.with_suffix(".new")
    fresh.write_text(f"{offset_s:+d}\n")
    fresh.rename(clock)


def wait_for_clock(system: System, hours: int) -> None:
    """Wait until the publisher says that its clock is off by so much."""

    def said() -> bool:
        lines = durable_lines.read(system.journal)
        return bool(lines) and round((lines[-1]["clock"] - time.time()) / HOUR_S) == hours

    wait_until(said, timeout_s=30, every_s=0.1)


def wait_for_effects(system: System, more: int) -> None:
    """Wait until so many more messages are done: the load makes a hundred a second."""
    wanted = system.effects() + more
    wait_until(lambda: system.effects() >= wanted, timeout_s=45, every_s=0.1)

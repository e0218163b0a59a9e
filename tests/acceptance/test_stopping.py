"""F22: the consumer is told to stop in the middle of a batch, once, twice, or while it hangs."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from local.processes import ManagedProcess
from tests.acceptance.group_members import members
from tests.acceptance.producing import put_events
from tests.acceptance.system import STATIC, System
from tests.checker.invariants import violations
from tests.waiting import wait_until

EVENTS = 100
HELD_AT = 5
HANDLER = "c.handler"
DRAINING = "c.draining"
Held = Callable[..., ManagedProcess]


@pytest.fixture
def held(system: System) -> Held:
    """Start a consumer that stands still in the handler of its fifth message."""

    def start(**options: Any) -> ManagedProcess:
        put_events(system, EVENTS)
        points = [
            system.failpoint(HANDLER, f"wait@{HELD_AT}"),
            system.failpoint(DRAINING, "note@1"),
        ]
        consumer = system.consumer(failpoints=";".join(points), **options)
        consumer.start()
        wait_until(lambda: system.reached(HANDLER), timeout_s=60)
        return consumer

    return start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_the_message_in_hand_finish(
    system: System, held: Held, number: signal.Signals
) -> None:
    consumer = held()
    consumer.signal(number)
    wait_until(lambda: system.reached(DRAINING))
    system.release(HANDLER)
    assert consumer.wait_exit(10) == 0
    done = system.effects()
    assert HELD_AT <= done < EVENTS
    assert system.lag() == EVENTS - done
    assert members(system) == []
    finish(system, consumer)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    system: System, held: Held, second: signal.Signals
) -> None:
    consumer = held(variables=STATIC)
    consumer.signal(signal.SIGTERM)
    wait_until(lambda: system.reached(DRAINING))
    consumer.signal(second)
    assert consumer.wait_exit(5) == 128 + second  # 143, 130
    assert system.effects() < HELD_AT
    finish(system, consumer)


@pytest.mark.parametrize(
    ("is_told_to_stop", "waybill"),
    [
        pytest.param(True, {"stop_budget_s": 1.0}, id="past the budget of a stop"),
        pytest.param(False, {"handler_deadline_s": 2.0}, id="past its deadline"),
    ],
)
def test_a_hung_handler_ends_the_process_with_2_and_the_message_comes_again(
    system: System, held: Held, is_told_to_stop: bool, waybill: dict[str, float]
) -> None:
    consumer = held(waybill=waybill)
    if is_told_to_stop:
        consumer.signal(signal.SIGTERM)
    assert consumer.wait_exit(15) == 2
    assert system.effects() < HELD_AT
    assert members(system) == []
    finish(system, consumer)


def finish(system: System, consumer: ManagedProcess) -> None:
    """Have the next process do what is left; everything was done once."""
    consumer.start()
    wait_until(lambda: system.effects() >= EVENTS, timeout_s=30)
    system.wait_until_recovered()
    assert system.effects() == EVENTS
    assert violations(system.history()) == []

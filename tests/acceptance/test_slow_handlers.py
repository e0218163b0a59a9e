"""F24: a handler takes longer than the group waits for a poll, and a second consumer waits."""

from collections import Counter
from typing import Literal

import pytest

from tests.acceptance.group_members import members, owners
from tests.acceptance.length import lasting
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.collecting import effects, handled
from tests.checker.history import Handled
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

MAX_POLL_S = 6.0  # no less than the session timeout
TAKES_S = lasting(10.0, full=2 * MAX_POLL_S)
EVENTS = 6
SLOW = "000002"
GAVE_AWAY = "gave our partitions away"
Kind = Literal["one", "external"]


@pytest.fixture(params=["one", "external"], autouse=True)
def kind(request: pytest.FixtureRequest, system: System) -> Kind:
    """An effect in the database, and one outside."""
    found: Kind = request.param
    system.variables["KAFKA_CONSUMER_MAX_POLL_INTERVAL_MS"] = f"{MAX_POLL_S * 1000:.0f}"
    system.variables |= Handling(kind=found, slow={SLOW: TAKES_S}).variables()
    return found


def test_a_slow_handler_keeps_its_partition(system: System) -> None:
    both_join(system)
    wait_until(lambda: owners(system), timeout_s=10, every_s=0.2)
    before = members(system)
    one = who_has_the_slow_one(system)
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    assert members(system) == before
    assert {call.pid for call in finished(system)} == {one}
    assert not any(GAVE_AWAY in each.log.text() for each in system.processes)


def test_without_polling_the_second_copy_waits_for_the_ledger(system: System) -> None:
    both_join(system, broken="nobody polls while a handler runs")
    [before] = wait_until(lambda: owners(system), timeout_s=10, every_s=0.2)
    one = who_has_the_slow_one(system)
    wait_until(lambda: owners(system) - {before}, timeout_s=20, every_s=0.2)
    assert SLOW not in done(system)  # so the other has the message, too
    wait_until(lambda: system.effects() == EVENTS, timeout_s=40)
    [first] = [each for each in system.processes if each.pid == one]
    first.wait_for_log(GAVE_AWAY, timeout_s=20)
    finished(system)


def both_join(system: System, *, broken: str = "") -> None:
    """Start two consumers of the one partition."""
    for name in ("one", "other"):
        system.consumer(name, broken=broken).start()
    wait_until(lambda: len(members(system)) == 2, timeout_s=60, every_s=0.2)


def who_has_the_slow_one(system: System) -> int:
    """Write the events; return the process that has the slow one in hand."""
    put_events(system, EVENTS)
    return wait_until(lambda: slow_calls(system), timeout_s=30)[0].pid


def finished(system: System) -> list[Handled]:
    """Everything is done once, and no handler was called twice; return the calls."""
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert len(history.effects) == EVENTS
    assert set(Counter(call.name for call in history.trace).values()) == {1}
    return list(history.trace)


def done(system: System) -> set[str]:
    """Return the ids of the events whose effect is committed."""
    with system.database() as database:
        return {each.name.id for each in effects(database)}


def slow_calls(system: System) -> list[Handled]:
    """Return the calls of the handler with the slow event."""
    return [each for each in handled(system.trace) if each.name.id == SLOW]

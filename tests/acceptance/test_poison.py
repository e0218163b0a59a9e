"""F44: a message always fails: tried, set aside, its key held if wanted, handed back once."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from local.processes import ManagedProcess
from tests.acceptance.operating import closed_keys, in_state, operate
from tests.acceptance.producing import KEYS, flowing, put_events
from tests.acceptance.system import STATIC, System
from tests.checker.history import History
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

EVENTS = 42
POISON = 3
POISON_ID = f"{POISON:06}"
FOLLOWERS = len(range(POISON, EVENTS, KEYS)) - 1
BACK_OFF_S = 0.2
RETRY = {"max_attempts": 3, "initial_s": BACK_OFF_S, "factor": 2.0, "jitter": 0.0}
STARTED = "SELECT started_at FROM events_attempt WHERE ce_id = %s ORDER BY number"


@pytest.mark.parametrize("scope", ["partition", "key"])
def test_in_quarantine_its_key_is_held_and_everything_is_done_once_in_order(
    system: System, scope: str
) -> None:
    sick = poisoned(system, scope=scope, options={"on_exhausted": "quarantine"})
    wait_until(lambda: in_state(system, "held") == FOLLOWERS, timeout_s=60)
    wait_until(lambda: system.effects() == EVENTS - FOLLOWERS - 1, timeout_s=30)
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert (in_state(system, "open"), closed_keys(system)) == (1, 1)
    tried_with_back_off(system)

    mended(system, sick)
    with flowing(system, first=EVENTS) as flow:
        wait_until(lambda: flow.count > 20)
        assert "1 closed key released" in operate(system, "redrive", "--group", system.group)
        wait_until(lambda: closed_keys(system) == 0, timeout_s=30)
    handed_back_once(system, events=EVENTS + flow.count)
    assert violations(system.history()) == []


def test_without_quarantine_it_steps_out_of_the_order(system: System) -> None:
    sick = poisoned(system, scope="partition", options={})
    wait_until(lambda: system.effects() == EVENTS - 1, timeout_s=60)
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert (in_state(system, "open"), in_state(system, "held"), closed_keys(system)) == (1, 0, 0)
    tried_with_back_off(system)

    mended(system, sick)
    assert "1 letter handed back" in operate(system, "redrive", "--group", system.group)
    handed_back_once(system, events=EVENTS)
    history = system.history()
    assert violations(stepping_out(history)) == []
    assert history.effects[-1].name.id == POISON_ID


def poisoned(system: System, *, scope: str, options: dict[str, Any]) -> ManagedProcess:
    """Start a consumer of events of which one always fails."""
    handling = Handling(fails={POISON_ID: 99}, retry={**RETRY, "scope": scope}, options=options)
    system.variables |= handling.variables()
    put_events(system, EVENTS)
    consumer = system.consumer("sick", variables=STATIC)
    consumer.start()
    return consumer


def mended(system: System, sick: ManagedProcess) -> None:
    """Put a consumer in its place whose handler has no trouble."""
    assert sick.stop() == 0
    system.variables |= Handling(options={"on_exhausted": "quarantine"}).variables()
    system.consumer("mended", variables=STATIC).start()


def tried_with_back_off(system: System) -> None:
    """It was tried as often as it may be, after longer and longer pauses."""
    with system.database() as database:
        rows = database.execute(STARTED.encode(), [POISON_ID]).fetchall()
    pauses = [(after - before).total_seconds() for (before,), (after,) in pairwise(rows)]
    assert len(rows) == RETRY["max_attempts"]
    assert pauses[0] >= BACK_OFF_S
    assert pauses[1] >= 2 * BACK_OFF_S


def handed_back_once(system: System, *, events: int) -> None:
    """Everything is done once, also when it is handed back a second time."""
    wait_until(lambda: system.effects() == events, timeout_s=30)
    operate(system, "redrive", "--group", system.group)
    system.wait_until_recovered()
    assert system.effects() == events
    states = ("open", "held", "redriving")
    assert [in_state(system, each) for each in states] == [0, 0, 0]


def stepping_out(history: History) -> History:
    """Allow what was a dead letter to be done out of order."""
    names = {each.place: each.name for each in history.records}
    return replace(
        history, stepped_out=frozenset(names[each.place] for each in history.dead_letters)
    )

"""F45: a handler fails a few times and then succeeds: one effect, every attempt told."""

from collections import Counter
from typing import Literal

import pytest

from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.collecting import handled
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

EVENTS = 40
FAILURES = {"000003": 1, "000011": 4, "000012": 2}
RETRY = {"max_attempts": 5, "initial_s": 0.05, "max_delay_s": 0.2}


@pytest.mark.parametrize("kind", ["one", "batch", "external"])
def test_what_fails_for_a_while_has_one_effect(
    system: System, kind: Literal["one", "batch", "external"]
) -> None:
    system.variables |= Handling(kind=kind, retry=RETRY, fails=FAILURES).variables()
    put_events(system, EVENTS)
    system.consumer().start()
    wait_until(lambda: system.effects() == EVENTS, timeout_s=60)
    system.wait_until_recovered()

    history = system.history()
    assert violations(history) == []
    assert len(history.effects) == EVENTS
    assert history.dead_letters == ()
    told = Counter((each.name.id, each.result) for each in history.attempts)
    failed = {(name, "failed"): times for name, times in FAILURES.items()}
    assert told == failed | {(name, "succeeded"): 1 for name in FAILURES}
    if kind == "external":
        assert Counter(each.name.id for each in handled(system.performed)) == {
            f"{number:06}": 1 for number in range(EVENTS)
        }

"""F26: an event ends the process that handles it: after some crashes it is a dead letter."""

from typing import Literal

import pytest

from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

EVENTS = 30
POISON = "000004"
CRASHES = 3
ABORTED = "revived after exit code -6"
# An external claim of a process that is gone is free when its lease is over.
SMALL = {"fetch_messages": 10, "chunk_messages": 10, "lease_s": 1.0, "lease_renew_s": 0.3}


@pytest.mark.parametrize("kind", ["one", "batch", "external"])
def test_an_event_that_ends_its_process_is_set_aside_and_the_rest_flows(
    system: System, kind: Literal["one", "batch", "external"]
) -> None:
    handling = Handling(kind=kind, aborts=(POISON,), retry={"max_attempts": CRASHES})
    system.variables |= handling.variables()
    put_events(system, EVENTS)
    consumer = system.mortal_consumer(always=True, waybill=SMALL)
    consumer.start()
    wait_until(lambda: system.effects() == EVENTS - 1, timeout_s=60)
    system.wait_until_recovered()

    history = system.history()
    assert violations(history) == []
    [letter] = history.dead_letters
    assert letter.place == next(each.place for each in history.records if each.name.id == POISON)
    assert letter.reason == f"the process ended during each of {CRASHES} attempts"
    [row] = [each for each in history.consumptions if each.outcome != "succeeded"]
    assert (row.name.id, row.outcome) == (POISON, "dead_lettered")
    # A crash before anything of it was counted made it suspect; then each one counts.
    uncounted = 0 if kind == "external" else 1
    assert consumer.log.text().count(ABORTED) == CRASHES + uncounted
    calls = [call for call in history.trace if call.name.id == POISON]
    assert len(calls) == CRASHES + uncounted
    assert [call.attempt for call in calls][-CRASHES:] == list(range(1, CRASHES + 1))

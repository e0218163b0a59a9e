"""F17, F18, F19: the consumer is killed in its handler, before and after its mark in Redis."""

import pytest

from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.invariants import violations

EVENTS = 300
# Small batches: more than one of them in each life of the consumer.
SMALL = {"fetch_messages": 20, "chunk_messages": 10}


@pytest.mark.parametrize(
    ("point", "action"),
    [
        pytest.param("c.handler", "kill@5-30x5", id="F17 mid-handler"),
        pytest.param("c.db_committed", "kill@1-3x5", id="F18 committed, not marked"),
        pytest.param("c.marked", "kill@1-3x5", id="F19 marked, offset not committed"),
    ],
)
def test_a_killed_consumer_does_everything_once(system: System, point: str, action: str) -> None:
    put_events(system, EVENTS)
    consumer = system.mortal_consumer(failpoints=system.failpoint(point, action), waybill=SMALL)
    consumer.start()
    system.wait_for_kills(point, 5)
    system.wait_until_recovered()
    assert system.effects() == EVENTS
    assert violations(system.history()) == []


def test_the_checker_catches_dedupe_by_redis_alone(system: System) -> None:
    point = "c.db_committed"
    put_events(system, EVENTS)
    consumer = system.mortal_consumer(
        failpoints=system.failpoint(point, "kill@2x2"), waybill=SMALL, broken="Redis-only dedupe"
    )
    consumer.start()
    system.wait_for_kills(point, 2)
    system.wait_until_recovered()
    found = violations(system.history())
    assert "events with more than one effect" in [each.what for each in found], found

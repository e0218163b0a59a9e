"""F15 to F20: the consumer is killed at each step from the poll to the committed offset."""

from tests.acceptance.producing import flowing, put_events
from tests.acceptance.system import System
from tests.checker.invariants import violations

EVENTS = 300
# Small batches: more than one of them in each life of the consumer.
SMALL = {"fetch_messages": 20, "chunk_messages": 10}
EAGER = {**SMALL, "offset_commit_interval_s": 0.05}
KILLS = 3  # at each step, by chance earlier or later in a life
STEPS = {
    "c.polled": "kill@1-3",  # F15: nothing was looked at
    "c.checked": "kill@1-3",  # F16: Redis was asked, no handler ran
    "c.handler": "kill@5-30",  # F17: in a handler, its transaction open
    "c.db_committed": "kill@1-3",  # F18: not marked in Redis
    "c.marked": "kill@1-3",  # F19: offset not committed
    "c.offset_committed": "kill@1-3",  # F20
}


def test_a_consumer_killed_at_each_step_does_everything_once(system: System) -> None:
    failpoints = [system.failpoint(point, f"{action}x{KILLS}") for point, action in STEPS.items()]
    consumer = system.mortal_consumer(failpoints=";".join(failpoints), waybill=EAGER)
    with flowing(system) as flow:
        consumer.start()
        for point in STEPS:
            system.wait_for_kills(point, KILLS)
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert system.effects() == flow.count
    # Its two threads may reach two points and die of both at once, no more.
    deaths = consumer.log.text().count("revived after exit code -9")
    assert KILLS * len(STEPS) / 2 <= deaths <= KILLS * len(STEPS)


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

"""F13: a transaction draws its place in the outbox and commits long after those behind it."""

from local.processes import ManagedProcess
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

BEFORE = "api.before_commit"  # in any process: the commit
TOGETHER = 5


def test_what_commits_late_is_found_and_what_follows_it_comes_after(system: System) -> None:
    relay = start(system)
    late = begin_late(system)
    system.publish(100, name="quick")
    wait_for_publications(system, 100)
    system.publish(100, name="quicker")
    wait_for_publications(system, 200)
    assert drawn_first(system) == 0, "the late transaction is seen before its commit"

    system.release(BEFORE)
    assert late.wait_exit(30) == 0, late.log.tail()
    wait_for_publications(system, 200 + 3 * TOGETHER)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted) == 1 + 200 + 3 * TOGETHER
    assert relay.running


def test_the_checker_catches_a_relay_that_goes_on_from_the_last_sequence(system: System) -> None:
    start(system, broken="relay goes on from the last sequence")
    late = begin_late(system)
    system.publish(100, name="quick")
    wait_for_publications(system, 100)
    system.release(BEFORE)
    assert late.wait_exit(30) == 0, late.log.tail()
    # It looked again, and again for later ones, and did not see them.
    system.publish(10, name="after")
    wait_for_publications(system, 110)
    found = {each.what for each in violations(system.history())}
    assert "accepted events that are not in their topic" in found


def start(system: System, *, broken: str = "") -> ManagedProcess:
    """Start a relay and what handles its events."""
    relay = system.relay(broken=broken)
    for process in (relay, system.consumer()):
        process.start()
    system.publish(1, name="first")  # the relay has found its place
    wait_for_publications(system, 0)
    return relay


def begin_late(system: System) -> ManagedProcess:
    """Start a client whose first transaction waits before its commit; two follow, same keys."""
    late = system.load(
        "late",
        count=3 * TOGETHER,
        together=TOGETHER,
        keys=3,
        every_s=0.0,
        failpoints=system.failpoint(BEFORE, "wait@1"),
    )
    late.start()
    wait_until(lambda: system.reached(BEFORE) == 1, timeout_s=30)
    return late


def drawn_first(system: System) -> int:
    """How many events of the late client can be seen."""
    return int(system.value("SELECT count(*) FROM events_event WHERE source = '/late'"))


def wait_for_publications(system: System, count: int) -> None:
    """Wait until Kafka confirmed so many beside the first one."""
    query = "SELECT count(*) FROM events_publication"
    wait_until(lambda: system.value(query) >= 1 + count, timeout_s=30)

"""F5: a relay is killed while it holds buckets; the other has them within two seconds."""

from events.publishing.buckets import BUCKETS
from local.processes import ManagedProcess
from tests.acceptance.shares import wait_for_shares
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

ROUNDS = 3
WITHIN_S = 2.0


def test_the_buckets_of_a_killed_relay_go_to_the_other_at_once(system: System) -> None:
    relays = [system.relay("relay-a"), system.relay("relay-b")]
    load = system.load()
    for process in (load, system.consumer(), *relays):
        process.start()
    for number in range(ROUNDS):
        wait_for_shares(system, [BUCKETS // 2, BUCKETS // 2], timeout_s=30)
        wait_for_effects(system, 50)
        kill_and_see_the_other_take_over(system, relays[number % 2])
    wait_for_effects(system, 50)

    assert load.stop() == 0
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted)


def kill_and_see_the_other_take_over(system: System, relay: ManagedProcess) -> None:
    """Kill it and wait for the other to hold every bucket; then start it again."""
    relay.kill()
    wait_for_shares(system, [BUCKETS], timeout_s=WITHIN_S)
    relay.start()


def wait_for_effects(system: System, more: int) -> None:
    """Wait until so many more messages are done: the load makes a hundred a second."""
    wanted = system.effects() + more
    wait_until(lambda: system.effects() >= wanted, timeout_s=45, every_s=0.1)

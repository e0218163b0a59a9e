"""F25: a lease runs out under a slow handler: another takes over, only one of them commits."""

from collections import Counter

import pytest

from local.processes import ManagedProcess
from tests.acceptance.group_members import members
from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.checker.collecting import handled
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

LEASE = {"lease_s": 2.0, "lease_renew_s": 0.5, "revoke_budget_s": 0.2}
EVENTS = 5
SLOW = "000000"
TAKES_S = 6.0
LOST = "The claim on a message passed to another process"
UNKNOWN = "Nobody knows whether an external effect happened"
RENEWED_BY_NOBODY = "nobody renews leases"


@pytest.mark.parametrize("where", ["before the effect", "in the effect"])
def test_a_lease_that_nobody_renews_is_taken_over_and_one_commits(
    system: System, where: str
) -> None:
    slow = {SLOW: TAKES_S}
    began = where == "in the effect"
    handling = Handling(
        kind="external", slow={} if began else slow, slow_effect=slow if began else {}
    )
    system.variables |= handling.variables()
    first = at_work(system, broken=RENEWED_BY_NOBODY)
    second = taking_over(system)
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    first.wait_for_log(LOST, timeout_s=20)
    system.wait_until_recovered()

    history = system.history()
    assert violations(history) == []
    assert len(history.effects) == EVENTS
    calls = Counter(call.pid for call in history.trace if call.name.id == SLOW)
    assert calls == {first.pid: 1, second.pid: 1}
    # What had begun outside cannot be taken back: it was called unknown before it was repeated.
    performed = [each for each in handled(system.performed) if each.name.id == SLOW]
    assert [each.pid for each in performed] == [first.pid] * began + [second.pid]
    assert sum(row.unknown_count for row in history.consumptions) == began
    assert (UNKNOWN in second.log.text()) == began


def test_a_lease_that_is_renewed_is_not_taken_over(system: System) -> None:
    system.variables |= Handling(kind="external", slow_effect={SLOW: TAKES_S}).variables()
    first = at_work(system)
    second = taking_over(system)
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert [each.pid for each in handled(system.performed) if each.name.id == SLOW] == [first.pid]
    assert LOST not in first.log.text() + second.log.text()


def at_work(system: System, *, broken: str = "") -> ManagedProcess:
    """Start a consumer; return when the slow message is in its hands."""
    put_events(system, EVENTS)
    first = consumer(system, "last in the list", broken=broken)
    first.start()
    wait_until(lambda: handled(system.trace), timeout_s=60)
    return first


def taking_over(system: System) -> ManagedProcess:
    """Start another one, who is given the partition, while the first goes on working."""
    second = consumer(system, "a first in the list")
    second.start()
    wait_until(lambda: len(members(system)) == 2, timeout_s=30, every_s=0.2)
    return second


def consumer(system: System, name: str, *, broken: str = "") -> ManagedProcess:
    """A consumer of a group that gives its one partition to the first of its members' names."""
    own = {
        "KAFKA_CONSUMER_PARTITION_ASSIGNMENT_STRATEGY": "range",
        "KAFKA_CONSUMER_CLIENT_ID": name.replace(" ", "-"),
    }
    return system.consumer(name, waybill=LEASE, broken=broken, variables=own)

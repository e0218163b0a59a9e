"""F23: partitions change hands in the middle of handlers, and members come and go."""

import json
from typing import Any

import pytest

from local.children import ROOT
from local.processes import ManagedProcess
from tests.acceptance.length import lasting
from tests.acceptance.producing import flowing
from tests.acceptance.system import System
from tests.acceptance.template import add_partitions
from tests.checker.history import History
from tests.checker.invariants import violations
from tests.checker.pauses import longest_pause_s
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)
PARTITIONS = 4
EVERY_S = 2.0
VISITS = lasting(2, full=15)
MEMBERS = 4
CHANGES = lasting(5, full=30)  # a member leaves, and comes back later
STRATEGIES = ("range", "cooperative-sticky")
REVOKED = "c.revoked_in_work"
# Work that takes its time, and who polls while it is done: so it is torn from somebody's hands.
WORK = Handling(takes_s=0.01)
EAGER = {
    "fetch_messages": 50,
    "chunk_work_s": 0.2,
    "slow_work_s": 0.05,
    "offset_commit_interval_s": 0.2,
}
BURSTS: Any = {"together": 30, "every_s": 0.5}  # much at once, and two thirds of what one can do
COMES_BACK = "revived after exit code 0"


@pytest.fixture(params=STRATEGIES)
def strategy(request: pytest.FixtureRequest, system: System) -> str:
    """How the group shares its partitions, several of them."""
    add_partitions(system, PARTITIONS)
    name = str(request.param)
    system.variables["KAFKA_CONSUMER_PARTITION_ASSIGNMENT_STRATEGY"] = name
    system.variables |= WORK.variables()
    return name


@pytest.mark.usefixtures("strategy")
def test_what_is_torn_from_a_handler_is_done_once_and_in_order(system: System) -> None:
    steady = system.consumer(waybill=EAGER, failpoints=system.failpoint(REVOKED, "count@1"))
    guest = visitor(system, "guest")
    with flowing(system, **BURSTS) as flow:
        steady.start()
        guest.start()
        wait_until(
            lambda: visits(guest) >= VISITS and system.reached(REVOKED),
            timeout_s=60 + VISITS * 10,
            every_s=0.1,
        )
    guest.stop()
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == flow.count
    assert workers(history) >= 2  # the guest, too
    assert steady.running


@pytest.mark.usefixtures("strategy")
def test_the_checker_catches_a_revocation_that_commits_what_was_fetched(system: System) -> None:
    broken = "a revocation commits what was fetched"
    steady = system.consumer(
        waybill={**EAGER, "fetch_messages": 500},
        broken=broken,
        failpoints=system.failpoint(REVOKED, "count@1"),
    )
    guest = visitor(system, "guest", broken=broken)
    with flowing(system, **BURSTS):
        steady.start()
        guest.start()
        wait_until(lambda: visits(guest) >= 1, timeout_s=60, every_s=0.1)
        wait_until(lambda: system.reached(REVOKED), timeout_s=30)
    guest.stop()
    system.wait_until_recovered(timeout_s=40)
    found = violations(system.history())
    assert "records that a group neither handled nor set aside" in [e.what for e in found], found


def test_a_group_whose_members_come_and_go_doubles_nothing(system: System) -> None:
    add_partitions(system, PARTITIONS)
    system.variables |= WORK.variables()
    # Every two seconds it is the next one's turn to leave, and who left before comes back.
    members = [
        visitor(system, f"member-{n}", stay_s=(MEMBERS - 1) * EVERY_S, first_s=n * EVERY_S)
        for n in range(1, MEMBERS + 1)
    ]
    with flowing(system, **BURSTS) as flow:
        for member in members:
            member.start()
        wait_until(
            lambda: sum(map(visits, members)) >= CHANGES, timeout_s=60 + CHANGES * 5, every_s=0.1
        )
    for member in members[1:]:
        member.stop()
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == flow.count
    assert workers(history) >= MEMBERS
    tell(history, members)


def visitor(
    system: System,
    name: str,
    *,
    stay_s: float = EVERY_S,
    first_s: float = EVERY_S,
    broken: str = "",
) -> ManagedProcess:
    """A consumer that joins, leaves after a while and joins again, until it is stopped."""
    stay = ("--stay-s", str(stay_s), "--first-s", str(first_s), "--away-s", str(EVERY_S))
    words = ("revive", *stay, "runconsumer", system.group)
    return system.command(name, *words, waybill=EAGER, broken=broken)


def visits(visitor: ManagedProcess) -> int:
    """How often it has come and gone."""
    return visitor.log.text().count(COMES_BACK)


def workers(history: History) -> int:
    """How many processes had something to do."""
    return len({call.pid for call in history.trace})


def tell(history: History, members: list[ManagedProcess]) -> None:
    """Print what the group went through, and write it down for people."""
    figures = {
        "members": len(members),
        "joined and left": sum(map(visits, members)),
        "events": len(history.records),
        "handler calls": len(history.trace),
        "effects": len(history.effects),
        "longest pause of the group, s": round(longest_pause_s(history), 2),
    }
    print(json.dumps(figures))  # noqa: T201 - for whoever reads the run
    path = ROOT / ".local" / "rebalances.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")

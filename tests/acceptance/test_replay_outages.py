"""A replay goes on through outages of what it stands on, and past handlers that end or hang it."""

from typing import Any

import pytest

from tests.acceptance.producing import put_events
from tests.acceptance.system import System
from tests.acceptance.test_replays import SMALL, asked_for, counted, row_of, state_of
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)
EVENTS = 1_200
TWICE = {"max_attempts": 2, "initial_s": 0.05}


def test_a_replay_goes_on_through_restarts_of_kafka_and_postgresql(system: System) -> None:
    system.variables |= Handling(kind="external", takes_s=0.005).variables()
    put_events(system, EVENTS)
    replay = asked_for(system)
    patient = SMALL | {"lease_s": 30.0}
    worker = system.command("worker", "runreplay", "--id", replay, waybill=patient)
    worker.start()

    wait_until(lambda: system.effects() > EVENTS / 4, timeout_s=60)
    system.stack.postgres.restart(mode="immediate")
    wait_until(lambda: system.effects() > EVENTS / 2, timeout_s=60)
    system.stack.kafka.restart(timeout_s=90, immediate=True)
    assert worker.wait_exit(90) == 0, worker.log.tail()

    assert state_of(system, replay) == "done"
    assert counted(row_of(system, replay)) == {"succeeded": EVENTS}
    assert system.effects() == EVENTS


@pytest.mark.parametrize("kind", ["one", "external"])
def test_handlers_that_end_or_hang_the_process_are_given_up_in_the_end(
    system: System, kind: Any
) -> None:
    handling = Handling(
        kind=kind,
        retry=TWICE,
        options={"deadline_s": 0.5},
        aborts=("000003",),
        slow={"000006": 60},
    )
    system.variables |= handling.variables()
    put_events(system, 10)
    replay = asked_for(system)
    worker = system.command(
        "worker",
        "revive",
        "--always",
        "runreplay",
        "--serve",
        waybill=SMALL | {"control_interval_s": 0.1},
    )
    worker.start()
    wait_until(lambda: state_of(system, replay) == "done", timeout_s=60)
    assert worker.stop() == 0

    assert counted(row_of(system, replay)) == {"succeeded": 8, "failed": 2}
    assert system.effects() == 8
    assert "exit code 2" in worker.log.text()
    attempts = "SELECT string_agg(\"offset\" || ' ' || attempts, ',' ORDER BY \"offset\") FROM "
    assert system.value(f"{attempts}events_deadletter") == "3 3,6 3"

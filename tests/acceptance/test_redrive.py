"""Many letters handed back, and a long queue behind a closed key, with kills on the way."""

import time
from dataclasses import replace

import pytest

from local.demo.screen import Screen
from tests.acceptance.length import lasting
from tests.acceptance.operating import begin, closed_keys, in_state, operate
from tests.acceptance.producing import TYPE, flowing, put_events, put_records
from tests.acceptance.system import STATIC, System
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)
LETTERS = 1_000
WITHIN_S = 30.0
KILLS = 2
HANDLER, DONE = "c.handler", "c.db_committed"
FOLLOWERS = 500
SEEDS = range(lasting(2, full=20))
FIRST_NEW = 1_000  # the number of the first event of other keys
ONCE = {"max_attempts": 1}


def test_a_thousand_letters_are_handed_back_in_time_though_the_consumer_is_killed(
    system: System,
) -> None:
    put_events(system, LETTERS)
    everything = {f"{number:06}": 99 for number in range(LETTERS)}
    system.variables |= Handling(fails=everything, retry=ONCE).variables()
    sick = system.consumer("sick", waybill={"storm_letters": 0}, variables=STATIC)
    sick.start()
    wait_until(lambda: in_state(system, "open") == LETTERS, timeout_s=120)
    system.wait_until_recovered()
    assert sick.stop() == 0

    system.variables |= Handling().variables()
    consumer = system.mortal_consumer(failpoints=system.failpoint(HANDLER, f"kill@300x{KILLS}"))
    consumer.start()
    began = time.monotonic()
    redrive = begin(system, "redrive", "--group", system.group, "--topic", system.topic)
    wait_until(lambda: system.effects() >= LETTERS, timeout_s=4 * WITHIN_S)
    took_s = time.monotonic() - began
    assert redrive.wait_exit(10) == 0, redrive.log.tail()
    assert system.reached(HANDLER) == KILLS
    finish(system, LETTERS, in_order=False)
    Screen().line(f"{LETTERS} letters, {KILLS} kills: done {took_s:.1f} s after the command began")
    assert took_s <= WITHIN_S


@pytest.mark.parametrize("seed", SEEDS)
def test_a_released_key_is_run_in_order_through_kills_while_new_messages_come(
    system: System, seed: int
) -> None:
    put_records(system, [of_one_key(number) for number in range(1 + FOLLOWERS)])
    quarantine = {"on_exhausted": "quarantine"}
    sick = Handling(fails={"follower-0000": 99}, retry=ONCE, options=quarantine)
    system.variables |= sick.variables()
    consumer = system.consumer("sick", variables=STATIC)
    consumer.start()
    wait_until(lambda: in_state(system, "held") == FOLLOWERS, timeout_s=60)
    system.wait_until_recovered()
    assert consumer.stop() == 0

    system.variables |= Handling(options=quarantine).variables() | {"SEED": str(seed)}
    points = [system.failpoint(HANDLER, "kill@20-200x2"), system.failpoint(DONE, "kill@10-100x2")]
    system.mortal_consumer(failpoints=";".join(points)).start()
    later = [of_one_key(number) for number in range(1 + FOLLOWERS, 1 + FOLLOWERS + 50)]
    with flowing(system, first=FIRST_NEW) as flow:
        put_records(system, later[:25])
        operate(system, "resumegroup", system.group, "--topic", system.topic, "--key", "queue")
        put_records(system, later[25:])
        wait_until(lambda: closed_keys(system) == 0, timeout_s=90, every_s=0.1)
        system.wait_for_kills(HANDLER, 2)
        system.wait_for_kills(DONE, 2)
    finish(system, 1 + FOLLOWERS + len(later) + flow.count, in_order=True)


def of_one_key(number: int) -> tuple[bytes, bytes, list[tuple[str, str | bytes | None]]]:
    """A record of the key that is closed when the first of them fails."""
    name = b"follower-%04d" % number
    return b"queue", b'{"n": 1}', [("ce_type", TYPE), ("ce_id", name), ("ce_source", b"/one")]


def finish(system: System, effects: int, *, in_order: bool) -> None:
    """Everything is done once; letters without a quarantine may be done in any order."""
    wait_until(lambda: system.effects() >= effects, timeout_s=60)
    system.wait_until_recovered()
    assert system.effects() == effects
    states = ("open", "held", "redriving")
    wait_until(lambda: [in_state(system, each) for each in states] == [0, 0, 0])
    history = system.history()
    late = frozenset() if in_order else frozenset(each.name for each in history.effects)
    assert violations(replace(history, stepped_out=late)) == []

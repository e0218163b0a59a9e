"""F8: Kafka is not there at the start, goes away under load, and freezes; the API takes it all.

With FULL_LENGTH=1 each outage lasts for a minute.
"""

import time

import pytest

from local.demo.screen import Screen
from tests.acceptance.length import lasting
from tests.acceptance.publishing import publishing
from tests.acceptance.system import System
from tests.checker.invariants import RECOVER_WITHIN_S, violations
from tests.waiting import wait_until

DOWN = "Kafka does not answer as it should; waiting"
BACK = "Kafka answers again"
OUTAGE_S = lasting(10.0, full=60.0)
TOGETHER, EVERY_S = 15, 0.05  # 300 events a second
WAITING = int(OUTAGE_S * TOGETHER / EVERY_S * 0.95)  # the load's own pauses cost some
CAUGHT_UP_WITHIN_S = 5.0
_AGE = "SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM events_outboxentry"


@pytest.mark.timeout(300)
def test_kafka_may_be_down_at_the_start_and_later_and_freeze(system: System) -> None:
    kafka = system.stack.kafka
    kafka.kill()
    relay, consumer = system.relay(), system.consumer()
    for process in (system.web(), relay, consumer):
        process.start()
    with publishing(system, clients=3, every_s=0.03) as clients:
        for process in (relay, consumer):
            process.wait_for_log(DOWN, timeout_s=60)
        wait_until(system.backlog)
        kafka.start()
        wait_until_drained(system)
        wait_until(system.effects, timeout_s=30)

        load = system.load(together=TOGETHER, every_s=EVERY_S)
        load.start()
        wait_until(lambda: load.log.path.exists() and system.journal.exists(), timeout_s=30)
        kafka.kill()
        wait_for_an_outage(system)
        # A busy machine takes longer to accept them: the outage lasts until they are there.
        wait_until(lambda: system.backlog() >= WAITING, timeout_s=5 * OUTAGE_S, every_s=0.1)
        waiting = system.backlog()
        kafka.start()
        took_s = wait_until_drained(system, within_s=CAUGHT_UP_WITHIN_S)
        assert load.stop() == 0
        Screen().line(f"{waiting} events after {OUTAGE_S:g} s: caught up within {took_s:.2f} s")
        accepted = system.value("SELECT count(*) FROM events_event")
        wait_until(lambda: system.effects() >= accepted, timeout_s=OUTAGE_S + 30, every_s=0.1)

        kafka.freeze()
        wait_for_an_outage(system)
        done = system.effects()
        kafka.thaw()
        wait_until_drained(system)
        wait_until(lambda: system.effects() > done, timeout_s=30)
    assert {answer for client in clients for answer in client.answers} == {202}
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert system.effects() == len(system.history().accepted)
    for process in (relay, consumer):
        assert process.log.text().count(BACK) >= 2
        assert "Traceback" not in process.log.text()


def wait_for_an_outage(system: System) -> None:
    """Wait until the oldest entry has waited for as long as the outage is to last."""
    wait_until(lambda: system.value(_AGE) >= OUTAGE_S, timeout_s=3 * OUTAGE_S, every_s=0.1)


def wait_until_drained(system: System, *, within_s: float = RECOVER_WITHIN_S) -> float:
    """Wait until Kafka has all that was accepted before it came back; return how long it took."""
    system.stack.kafka.wait_ready(timeout_s=90)
    began = time.monotonic()
    last = system.value("SELECT max(sequence) FROM events_outboxentry")
    left = f"SELECT count(*) FROM events_outboxentry WHERE sequence <= {int(last or 0)}"  # noqa: S608
    wait_until(lambda: system.value(left) == 0, timeout_s=within_s, every_s=0.05)
    return time.monotonic() - began

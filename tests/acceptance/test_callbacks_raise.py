"""F27: exceptions in the callbacks of Kafka's client and in a signal handler."""

import signal

import psutil

from local.processes import ManagedProcess
from tests.acceptance.producing import flowing
from tests.acceptance.system import System
from tests.acceptance.template import add_partitions
from tests.checker.invariants import violations
from tests.waiting import wait_until

ENDING = "Ending the process; a restart goes on from the committed offsets"
REVIVED = "revived after exit code 1"
EAGER = {"fetch_messages": 20, "chunk_messages": 10, "offset_commit_interval_s": 0.05}


def test_an_exception_in_a_callback_ends_the_process_and_skips_no_offset(system: System) -> None:
    points = ("c.on_assign", "c.on_commit", "c.signal", "c.on_error")
    consumer = system.mortal_consumer(
        always=True,
        waybill=EAGER,
        failpoints=";".join(system.failpoint(point, "raise@1") for point in points),
    )
    with flowing(system) as flow:
        consumer.start()
        wait_until(lambda: consumer.log.text().count(REVIVED) == 2, timeout_s=30)
        assert (system.reached("c.on_assign"), system.reached("c.on_commit")) == (1, 1)
        wait_for_effects(system, 20)
        child(consumer).send_signal(signal.SIGUSR1)
        wait_until(lambda: consumer.log.text().count(REVIVED) == 3, timeout_s=10)
        wait_for_effects(system, 20)
        system.stack.kafka.kill()
        wait_until(lambda: system.reached("c.on_error"), timeout_s=30)
        system.stack.kafka.start()
        system.stack.kafka.wait_ready()
        wait_until(lambda: consumer.log.text().count(REVIVED) == 4, timeout_s=30)
        wait_for_effects(system, 20)
    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert system.effects() == flow.count
    assert [system.reached(point) for point in points] == [1, 1, 1, 1]
    assert consumer.log.text().count(ENDING) == len(points)


def test_an_exception_while_partitions_are_revoked_skips_no_offset(system: System) -> None:
    add_partitions(system, 4)
    first = system.consumer(waybill=EAGER, failpoints=system.failpoint("c.on_revoke", "raise@1"))
    second = system.consumer("second", waybill=EAGER)
    with flowing(system) as flow:
        first.start()
        wait_for_effects(system, 20)
        second.start()
        assert first.wait_exit(30) == 1
        wait_for_effects(system, 100)
    system.wait_until_recovered()
    assert system.reached("c.on_revoke") == 1
    assert violations(system.history()) == []
    assert system.effects() == flow.count


def test_the_checker_catches_a_loop_that_goes_on_after_a_callbacks_error(system: System) -> None:
    consumer = system.consumer(
        broken="the loop goes on after a callback's error",
        waybill=EAGER,
        failpoints=system.failpoint("c.on_commit", "raise@2"),
    )
    with flowing(system):
        consumer.start()
        wait_until(lambda: system.reached("c.on_commit") == 1, timeout_s=30)
        wait_for_effects(system, 20)
    system.wait_until_recovered()
    found = violations(system.history())
    assert "records that a group neither handled nor set aside" in [e.what for e in found], found
    assert ENDING not in consumer.log.text()


def wait_for_effects(system: System, more: int) -> None:
    """Wait until so many more messages are done."""
    wanted = system.effects() + more
    wait_until(lambda: system.effects() >= wanted, timeout_s=30, every_s=0.1)


def child(process: ManagedProcess) -> psutil.Process:
    """The consumer itself, below what revives it."""
    [found] = psutil.Process(process.pid).children()
    return found

"""Kafka is not there when relay and consumer start, and goes away again under load."""

from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

DOWN = "Kafka does not answer as it should; waiting"
BACK = "Kafka answers again"


def test_kafka_may_be_down_at_the_start_and_later(system: System) -> None:
    kafka = system.stack.kafka
    kafka.kill()
    load = system.load()
    relay, consumer = system.relay(), system.consumer()
    for process in (load, relay, consumer):
        process.start()
    for process in (relay, consumer):
        process.wait_for_log(DOWN, timeout_s=60)
    wait_for_backlog(system, 100)
    kafka.start()
    for process in (relay, consumer):
        process.wait_for_log(BACK, timeout_s=60)
    wait_until(lambda: system.effects() > 100, timeout_s=30)

    sizes = {process: process.log.size() for process in (relay, consumer)}
    kafka.kill()
    for process, said in sizes.items():
        process.wait_for_log(DOWN, timeout_s=30, since=said)
    wait_for_backlog(system, 300)
    kafka.start()
    kafka.wait_ready()
    assert load.stop() == 0
    system.wait_until_recovered()
    assert violations(system.history()) == []
    for process in (relay, consumer):
        text = process.log.text()
        assert (text.count(DOWN), text.count(BACK)) == (2, 2), text
        assert "Traceback" not in text


def wait_for_backlog(system: System, entries: int) -> None:
    """Wait while the load publishes: a hundred a second."""
    wait_until(lambda: system.backlog() >= entries, timeout_s=60, every_s=0.1)

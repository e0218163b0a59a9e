"""F9: Kafka is restarted again and again under load, in order and by force."""

import pytest

from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

RESTARTS = 5


@pytest.mark.timeout(300)
def test_restarts_of_kafka_under_load_lose_and_reorder_nothing(system: System) -> None:
    kafka = system.stack.kafka
    load, relay, consumer = system.load(every_s=0.2), system.relay(), system.consumer()
    for process in (load, relay, consumer):
        process.start()
    pids = [process.pid for process in (load, relay, consumer)]
    brokers = {kafka.pid}
    for number in range(RESTARTS):
        wait_for_publications(system, 20)
        kafka.restart(timeout_s=90, immediate=number % 2 == 0)
        brokers.add(kafka.pid)
    done = system.effects()
    wait_until(lambda: system.effects() > done, timeout_s=45)

    assert load.stop() == 0
    system.wait_until_recovered()
    assert len(brokers) == 1 + RESTARTS
    assert [process.pid for process in (relay, consumer)] == pids[1:]
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted)


def wait_for_publications(system: System, more: int) -> None:
    """Wait until Kafka confirmed so many more: the load makes 25 a second."""
    count = "SELECT count(*) FROM events_publication"
    wanted = system.value(count) + more
    wait_until(lambda: system.value(count) >= wanted, timeout_s=45, every_s=0.1)

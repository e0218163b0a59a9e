"""F10: Kafka has a record and its ack comes late, is lost, or Kafka itself stands still.

That a relay which marks before the ack is caught is shown in test_relay_killed.
"""

from confluent_kafka import Consumer

from tests.acceptance.system import System
from tests.checker import dump
from tests.checker.invariants import violations
from tests.proxy import Proxy
from tests.waiting import wait_until

LATE_S = 2.0
CUTS = 3
_PUBLISHED = "SELECT count(*) FROM events_publication"


def test_nothing_is_marked_before_its_ack(system: System, kafka_door: Proxy) -> None:
    by_the_door = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka_door.port}"}
    load = system.load()
    for process in (system.relay(variables=by_the_door), system.consumer(), load):
        process.start()
    wait_for_publications(system, 50)

    kafka_door.delay(LATE_S, "to_client")
    marked = system.value(_PUBLISHED)
    wait_until(lambda: written(system) > system.value(_PUBLISHED) + 20, timeout_s=10)
    assert kafka_door.counts.delayed
    wait_for_publications(system, 1)  # of acks that were late
    assert marked < system.value(_PUBLISHED) <= written(system)

    kafka_door.cut_after(system.topic.encode(), times=CUTS)
    wait_until(lambda: kafka_door.counts.cut == CUTS, timeout_s=30)
    kafka_door.pass_on()
    wait_for_publications(system, 20)

    stand_still(system)
    assert load.stop() == 0
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted)


def stand_still(system: System) -> None:
    """Freeze the broker until more has been accepted; nothing more is called published."""
    kafka = system.stack.kafka
    kafka.freeze()
    marked = system.value(_PUBLISHED)
    wait_until(lambda: system.backlog() > 100, timeout_s=30)
    settled = system.value(_PUBLISHED)
    assert settled - marked <= 50, "acks that were on their way, and no more"
    wait_until(lambda: system.backlog() > 150, timeout_s=30)
    assert system.value(_PUBLISHED) == settled
    kafka.thaw()
    wait_for_publications(system, 20)


def written(system: System) -> int:
    """How many records lie in the topic."""
    consumer = Consumer({"bootstrap.servers": system.kafka, "group.id": "ends", "log_level": 2})
    try:
        return sum(dump.end_offsets(consumer, system.topic, timeout_s=10).values())
    finally:
        consumer.close()


def wait_for_publications(system: System, more: int) -> None:
    """Wait until Kafka confirmed so many more."""
    wanted = system.value(_PUBLISHED) + more
    wait_until(lambda: system.value(_PUBLISHED) >= wanted, timeout_s=30, every_s=0.05)

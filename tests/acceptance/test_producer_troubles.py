"""F11: a small queue, a topic that is not there, a producer that fails for good."""

from tests.acceptance.system import System
from tests.acceptance.template import create_topic
from tests.checker.invariants import violations
from tests.waiting import wait_until

FULL, FATAL = "relay.queue_full", "relay.fatal"
EVENTS = 600
OF_MISSING = 20
_WAITING = "SELECT count(*) FROM events_outboxentry WHERE retry_at IS NOT NULL"


def test_other_topics_flow_and_all_arrives(system: System) -> None:
    missing = f"{system.topic}_missing"
    system.watch(missing)
    relay = system.relay(
        failpoints=f"{system.failpoint(FULL, 'note@1')};{system.failpoint(FATAL, 'note@20')}",
        variables={"KAFKA_PRODUCER_QUEUE_BUFFERING_MAX_MESSAGES": "10"},
        waybill={"relay_max_backoff_s": 2.0},
    )
    for process in (relay, system.consumer()):
        process.start()
    system.publish(OF_MISSING, name="nowhere", topic=missing)
    relay.wait_for_log("Kafka did not take an event; it is tried again", timeout_s=30)
    system.publish(EVENTS)
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)

    assert system.reached(FULL) == system.reached(FATAL) == 1
    relay.wait_for_log("Kafka producer failed for good; going on with a new one", timeout_s=1)
    assert system.backlog() == OF_MISSING
    wait_until(lambda: system.value(_WAITING) > 0)
    assert "Unknown topic" in system.value("SELECT max(last_error) FROM events_outboxentry")

    create_topic(system.stack, missing)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert len(history.accepted) == EVENTS + OF_MISSING
    assert "Traceback" not in relay.log.text()

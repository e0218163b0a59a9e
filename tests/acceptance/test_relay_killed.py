"""F4: the relay is killed between the write to Kafka and the mark in the database, 20 times."""

from tests.acceptance.system import System
from tests.checker.invariants import violations

KILLS = 10  # at each of the two points


def test_a_killed_relay_loses_nothing_and_tells_the_truth(system: System) -> None:
    system.consumer().start()
    load = system.load()
    load.start()
    points = ("relay.after_produce", "relay.after_ack_before_mark")
    relay = system.mortal_relay(
        failpoints=";".join(
            [
                system.failpoint(points[0], f"kill@5-60x{KILLS}"),
                system.failpoint(points[1], f"kill@2-12x{KILLS}"),
            ]
        )
    )
    relay.start()
    for point in points:
        system.wait_for_kills(point, KILLS)
    assert load.stop() == 0, load.log.tail()
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert system.effects() == len(history.accepted)
    # The relay died with records on their way: some lie twice in the topic, under one id.
    assert len({record.name for record in history.records}) < len(history.records)


def test_the_checker_catches_a_relay_that_marks_before_the_ack(system: System) -> None:
    system.consumer().start()
    load = system.load()
    load.start()
    point = "relay.marked"
    relay = system.mortal_relay(
        broken="relay marks before the ack",
        failpoints=system.failpoint(point, "kill@3x2"),
        variables={"KAFKA_PRODUCER_LINGER_MS": "1000"},
    )
    relay.start()
    system.wait_for_kills(point, 2)
    load.stop()
    system.wait_until_recovered()
    found = {each.what for each in violations(system.history())}
    assert "accepted events that are not in their topic" in found
    assert "publications of what is not there" in found

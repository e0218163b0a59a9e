"""F47 and F48: replays of old events while new ones arrive, killed on the way, over gaps."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import TopicPartition

from tests.acceptance.operating import begin, operate
from tests.acceptance.producing import flowing, put_events
from tests.acceptance.system import STATIC, System
from tests.checker.history import History
from tests.checker.invariants import violations
from tests.failpoints.handling import Handling
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(300)
DONE, MISSED = 200, 300
EVENTS = DONE + MISSED
FIRST_NEW = 1_000  # the number of the first event that arrives meanwhile
ONCE = {"max_attempts": 1}
KILLS = 2  # at each step
STEPS = {
    "r.read": "kill@1-3",
    "r.judged": "kill@2-5",
    "r.passed": "kill@1-4",  # done, and not counted
    "r.saved": "kill@1-2",
}
IN_A_TRANSACTION = {"c.handler": "kill@5-40"}
NOT_MARKED = {"c.db_committed": "kill@1-3"}  # in Redis, nor counted
# Small steps, and a lease that is soon over.
SMALL = {"fetch_messages": 10, "chunk_messages": 10, "lease_s": 1.0, "lease_renew_s": 0.3}


@pytest.mark.parametrize("kind", ["one", "external"])
def test_a_replay_killed_many_times_reports_as_one_that_never_was(
    system: System, kind: Any
) -> None:
    steps = STEPS if kind == "external" else STEPS | IN_A_TRANSACTION | NOT_MARKED
    failing = {f"{DONE + number:06}": 9 for number in (10, 200)}
    handling = Handling(kind=kind, retry=ONCE, fails=failing, takes_s=0.003)
    system.variables |= handling.variables()
    put_events(system, DONE)
    consumer = system.consumer(variables=STATIC)
    consumer.start()
    wait_until(lambda: system.effects() == DONE)
    system.wait_until_recovered()
    assert consumer.stop() == 0
    put_events(system, MISSED, first=DONE)
    operate(system, "seekgroup", system.group, "--to", "latest")
    system.consumer(variables=STATIC).start()
    system.wait_until_recovered()
    assert system.effects() == DONE
    replay = asked_for(system, "--mode", "missing")

    points = [system.failpoint(point, f"{action}x{KILLS}") for point, action in steps.items()]
    with flowing(system, first=FIRST_NEW) as flow:
        worker = system.command(
            "worker",
            *("revive", "runreplay", "--serve"),
            failpoints=";".join(points),
            waybill=SMALL,
        )
        worker.start()
        for point in steps:
            system.wait_for_kills(point, KILLS)
        wait_until(lambda: state_of(system, replay) == "done", timeout_s=60)
    system.wait_until_recovered()

    row = row_of(system, replay)
    failed = len(failing)
    assert counted(row) == {"done": DONE, "succeeded": MISSED - failed, "failed": failed}
    assert system.effects() == DONE + MISSED - failed + flow.count
    assert worker.log.text().count("revived after exit code -9") >= KILLS * len(steps) - 1
    assert in_order(system.history()) == []


def test_a_forced_replay_has_each_effect_once_more_however_often_it_dies(system: System) -> None:
    system.variables |= Handling(takes_s=0.003).variables()
    put_events(system, EVENTS)
    system.consumer(variables=STATIC).start()
    wait_until(lambda: system.effects() == EVENTS)
    system.wait_until_recovered()

    for again in (1, 2):
        replay = asked_for(system, "--mode", "force")
        steps = STEPS | IN_A_TRANSACTION if again == 1 else {}
        points = [system.failpoint(point, f"{action}x{KILLS}") for point, action in steps.items()]
        worker = system.command(
            f"worker-{again}",
            *("revive", "runreplay", "--serve"),
            failpoints=";".join(points),
            waybill=SMALL,
        )
        worker.start()
        for point in steps:
            system.wait_for_kills(point, KILLS)
        wait_until(lambda: state_of(system, replay) == "done", timeout_s=60)  # noqa: B023
        assert worker.stop() == 0
        assert counted(row_of(system, replay)) == {"succeeded": EVENTS}
        assert effects_per_event(system) == {1 + again}
    assert system.lag() == 0


def test_what_retention_removed_is_named_and_can_come_from_the_archive(system: System) -> None:
    """F48: the group never read the topic, and Kafka has only its end any more."""
    relay = system.relay()
    relay.start()
    system.publish(60)
    wait_until(lambda: not system.backlog())
    remove(system, before=25)

    named = begin(system, "runreplay", system.group)
    assert named.wait_exit(60) == 0, named.log.tail()
    report = row_of(system, replay_in(named.log.text()))
    assert counted(report) == {"succeeded": 35, "absent": 25}
    [gap] = report["report"]["gaps"]
    gone = ids_below(system, 25)
    assert (gap["from"], gap["to"], gap["events_count"]) == (0, 25, 25)
    assert sorted(gap["events"]) == gone
    assert all(each in named.log.text() for each in gone[:3])

    taken = begin(system, "runreplay", system.group, "--from-archive")
    assert taken.wait_exit(60) == 0, taken.log.tail()
    report = row_of(system, replay_in(taken.log.text()))
    assert counted(report) == {"done": 35, "succeeded": 25, "archived": 25}
    assert effects_per_event(system) == {1}
    assert system.effects() == 60


def asked_for(system: System, *words: str) -> str:
    """Ask for a replay of the group and leave it to a worker; returns its id."""
    return replay_in(operate(system, "runreplay", system.group, *words, "--detach"))


def replay_in(said: str) -> str:
    """The id of the replay that a command speaks of."""
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", said)
    assert found, said
    return found[0]


def row_of(system: System, replay: str) -> dict[str, Any]:
    """The replay's row."""
    found = system.value(f"SELECT row_to_json(r)::text FROM events_replay r WHERE id = '{replay}'")  # noqa: S608
    row: dict[str, Any] = json.loads(found)
    return row


def state_of(system: System, replay: str) -> str:
    """The replay's state."""
    return str(row_of(system, replay)["state"])


def counted(row: dict[str, Any]) -> dict[str, int]:
    """The counters that are not zero."""
    return {name: count for name, count in row["counters"].items() if count}


def effects_per_event(system: System) -> set[int]:
    """How many effects events have; one number if it is the same for all."""
    query = b"SELECT DISTINCT count(*) FROM failpoints_effect GROUP BY source, ce_id"
    with system.database() as database:
        return {count for (count,) in database.execute(query).fetchall()}


def ids_below(system: System, offset: int) -> list[str]:
    """The events that the audit says were before this offset."""
    query = b'SELECT event_id::text FROM events_publication WHERE "offset" < %s ORDER BY 1'
    with system.database() as database:
        return [name for (name,) in database.execute(query, [offset]).fetchall()]


def remove(system: System, *, before: int) -> None:
    """Have Kafka remove what lies before an offset, as retention does."""
    admin = AdminClient({"bootstrap.servers": system.kafka})
    for future in admin.delete_records([TopicPartition(system.topic, 0, before)]).values():
        future.result(10)


def in_order(history: History) -> list[Any]:
    """What is wrong, with the replayed events and the others each judged among themselves."""
    replayed = frozenset(
        each.name for each in history.records if DONE <= int(each.name.id) < FIRST_NEW
    )
    others = frozenset(each.name for each in history.records) - replayed
    return [
        found
        for stepped_out in (replayed, others)
        for found in violations(replace(history, stepped_out=stepped_out))
    ]

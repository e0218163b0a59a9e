"""A crash of the kit has the effect of a kill, at every step a process can die at."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from events.event import ReceivedEvent
from events.models import Attempt, Consumption, Event, Heartbeat, InHand, Publication
from events.testing.kit import WaybillKit
from events.testing.steps import STEPS
from tests.waiting import wait_until

TYPE = "thing.happened"
OF_THE_RELAY = [step for step in STEPS if step.startswith("relay.")]
OF_EXTERNAL_EFFECTS = ["effect_began", "effect_performed"]
OF_A_CONSUMER = [step for step in STEPS if step not in OF_THE_RELAY + OF_EXTERNAL_EFFECTS]


def write_a_row(event: ReceivedEvent) -> None:
    Group.objects.create(name=f"{event.data['n']}")


def names() -> list[str]:
    return sorted(Group.objects.values_list("name", flat=True))


@pytest.mark.parametrize("step", OF_A_CONSUMER)
def test_whatever_a_consumer_dies_at_the_effect_is_there_once(
    waybill: WaybillKit, declare: Any, step: str
) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row, dedupe_key="thing:{n}")
    for n in range(3):
        waybill.publish(topic, type=TYPE, data={"n": n})
    waybill.crash_at(step)
    assert waybill.drain(topic).crashed_at == step
    assert waybill.drain(topic).crashed_at is None
    assert names() == ["0", "1", "2"]
    assert Consumption.objects.filter(outcome="succeeded").count() == 3
    assert not InHand.objects.exists()


@pytest.mark.parametrize("step", OF_EXTERNAL_EFFECTS)
def test_an_external_effect_is_unknown_where_its_process_died_in_it(
    waybill: WaybillKit, declare: Any, step: str
) -> None:
    topic = waybill.make_topic()
    sent: list[int] = []

    def send(event: ReceivedEvent) -> None:
        event.perform(lambda _: sent.append(event.attempt), reference="<1>")

    declare(topic, send, effect="external")
    waybill.publish(topic, type=TYPE, data={})
    waybill.crash_at(step)
    assert waybill.drain(topic).crashed_at == step
    row = Consumption.objects.get()
    assert (row.outcome, row.effect_reference) == ("started", "<1>")
    assert row.effect_began_at is not None
    assert row.lease_token is not None
    report = waybill.drain(topic)
    row.refresh_from_db()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 1)
    assert (report.handled, report.attempts) == (1, 1)
    assert sent == ([2] if step == "effect_began" else [1, 2])


@pytest.mark.parametrize(("step", "copies"), [("relay.produced", 2), ("relay.marked", 1)])
def test_a_relay_that_dies_loses_nothing(
    waybill: WaybillKit, declare: Any, step: str, copies: int
) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row, dedupe_key="thing:{n}")
    waybill.crash_at(step)
    waybill.publish(topic, type=TYPE, data={"n": 1})
    assert Publication.objects.count() == (step == "relay.marked")
    report = waybill.drain(topic)
    assert (report.messages, report.handled) == (copies, 1)
    assert Event.objects.get().publications.count() == 1
    assert names() == ["1"]


def test_several_lives_in_a_row_die_at_a_step(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row)
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.crash_at("handler", times=2)
    assert [waybill.drain(topic).crashed_at for _ in range(3)] == ["handler", "handler", None]
    assert names() == ["1"]
    # Found in hand after the first death, so the second one was counted before its handler ran.
    assert Consumption.objects.get().attempts == 2
    assert Attempt.objects.get().result == "succeeded"


def test_nothing_of_the_dead_process_runs_any_more(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()
    ran: list[str] = []

    def handle(event: ReceivedEvent) -> None:
        try:
            event.perform(lambda _: ran.append("performed"))
            write_a_row(event)
        except BaseException:
            ran.append("except")
            raise
        finally:
            ran.append("finally")

    declare(topic, handle, effect="external", on_unknown="hold")
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.crash_at("effect_performed")
    waybill.drain(topic)
    assert ran == ["performed"]
    assert Heartbeat.objects.get(name=topic).role == "consumer"  # nobody removed it
    assert waybill.drain(topic).unknown == 1
    assert ran == ["performed"]
    assert names() == []


def test_its_database_sessions_end_as_those_of_a_killed_process(
    waybill: WaybillKit, declare: Any
) -> None:
    topic = waybill.make_topic()
    waybill.publish(topic, type=TYPE, data={"n": 1})
    before = sessions()
    pids: list[int] = []

    def handle(event: ReceivedEvent) -> None:
        write_a_row(event)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), pg_advisory_lock(1042)")
            pids.append(cursor.fetchone()[0])

    declare(topic, handle)
    waybill.crash_at("handler")
    assert waybill.drain(topic).crashed_at == "handler"
    wait_until(lambda: sessions() <= before)
    assert not Group.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(1042), pg_advisory_unlock_all()")
        assert cursor.fetchone()[0]
    assert InHand.objects.get().group == topic  # committed before the chunk
    waybill.drain(topic)
    assert len(set(pids)) == 2


def sessions() -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        return {row[0] for row in cursor.fetchall()}

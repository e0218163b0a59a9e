"""External effects: claimed, begun, performed and marked; and what is told when a process dies."""

from typing import Any

import pytest
from django.contrib.auth.models import Group

from events.errors import EffectUnknown, InvalidEvent
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter
from events.testing.kit import WaybillKit
from tests.integration.consuming.conftest import TYPE
from tests.integration.consuming.external_rows import Sent, sender

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_effect_happens_once_and_its_rows_are_committed_with_the_outcome(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    declare(sender(sent))
    send(*range(50), *range(10))
    consume()
    assert [raw for _, raw in sent] == [b"mail %d rendered in attempt 1" % n for n in range(50)]
    assert Group.objects.count() == 50
    row = Consumption.objects.get(dedupe_key="sent:7")
    assert (row.outcome, row.attempts, row.effect_reference) == ("succeeded", 1, "<1>")
    assert (row.effect_payload, row.lease_token) == (None, None)
    assert row.effect_began_at is not None
    assert set(Attempt.objects.values_list("result", flat=True)) == {"duplicate"}


def test_a_failure_before_the_effect_is_tried_again(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []

    def fail_once(event: ReceivedEvent) -> None:
        if event.attempt == 1:
            raise RuntimeError("not yet")
        sender(sent)(event)

    declare(fail_once)
    send(1)
    consume()
    assert sent == [("0:0", b"mail 1 rendered in attempt 2")]
    assert list(Attempt.objects.order_by("id").values_list("number", "result")) == [
        (1, "failed"),
        (2, "succeeded"),
    ]


@pytest.mark.parametrize("step", ["claimed", "handler_called"])
def test_a_process_that_died_before_the_effect_is_simply_followed(
    topic: str, declare: Any, waybill: WaybillKit, step: str
) -> None:
    sent: Sent = []
    declare(sender(sent))
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.crash_at(step)
    waybill.drain()
    assert sent == []
    assert waybill.drain().handled == 1
    row = Consumption.objects.get()
    assert len(sent) == 1
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 0)


def test_a_process_that_died_after_the_effect_began_is_followed_by_the_same_bytes(
    topic: str, declare: Any, waybill: WaybillKit
) -> None:
    sent: Sent = []
    declare(sender(sent))
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.crash_at("effect_began")
    waybill.drain()
    assert sent == []
    waybill.drain()
    row = Consumption.objects.get()
    assert [raw for _, raw in sent] == [b"mail 1 rendered in attempt 1"]
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 1)
    assert "outcome unknown" in Attempt.objects.earliest("id").error


def test_under_the_policy_hold_an_unknown_outcome_waits_for_people(
    topic: str, declare: Any, waybill: WaybillKit
) -> None:
    sent: Sent = []
    declare(sender(sent), on_unknown="hold")
    first, second = (waybill.publish(topic, type=TYPE, data={"n": n}) for n in (1, 2))
    waybill.crash_at("effect_performed")
    waybill.drain()
    report = waybill.drain()
    assert [each for each, _ in sent] == [str(first.id), str(second.id)]
    assert (report.handled, report.unknown) == (1, 1)
    assert Consumption.objects.get(event=first).outcome == "unknown"


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (EffectUnknown("cut after DATA"), ("unknown", 1)),
        (RuntimeError("whatever"), ("unknown", 1)),
        (InvalidEvent("550 no such mailbox"), ("dead_lettered", 0)),
    ],
)
def test_what_is_raised_after_the_effect_began_decides_what_is_known(
    send: Any, declare: Any, consume: Any, error: Exception, known: tuple[str, int]
) -> None:
    def fail(event: ReceivedEvent) -> None:
        event.begin_effect()
        raise error

    declare(fail, on_unknown="hold")
    send(1)
    consume()
    row = Consumption.objects.get()
    assert (row.outcome, row.unknown_count) == known
    assert DeadLetter.objects.count() == (row.outcome == "dead_lettered")

"""The kit over real services: what it catches, what it tells, and what it keeps apart."""

import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django_redis import get_redis_connection

from events.errors import InvalidEvent
from events.event import ReceivedEvent
from events.models import ClosedKey, Consumption, DeadLetter, Heartbeat
from events.publishing.outbox import publish
from events.testing import broker
from events.testing.kit import WaybillKit
from events.testing.refusals import KitRefused
from events.topics import EventType, Topic, declare_topic, forget_topic

TYPE = "thing.happened"
LATER = "2026-01-01T00:00:00Z"
# Declared once, as an application does, and used by several tests: what one leaves is not
# another's business.
SHARED = Topic(name=f"shared_{uuid.uuid4().hex}", types=(EventType(name=TYPE),), partitions=2)


def write_a_row(event: ReceivedEvent) -> None:
    Group.objects.create(name=f"{event.data['n']} {uuid.uuid4()}")


@pytest.fixture(scope="module")
def shared_topic() -> Iterator[str]:
    declare_topic(SHARED)
    yield SHARED.name
    forget_topic(SHARED.name)


def test_a_drain_tells_in_numbers_what_became_of_the_messages(
    waybill: WaybillKit, declare: Any
) -> None:
    topic = waybill.make_topic()

    def handle(event: ReceivedEvent) -> None:
        if event.data["n"] == 1:
            raise InvalidEvent("never")
        if event.data["n"] == 2 and event.attempt < 3:
            raise RuntimeError("not yet")
        write_a_row(event)

    declare(topic, handle, dedupe_key="thing:{n}")
    for n in (0, 1, 2, 2):
        waybill.publish(topic, type=TYPE, data={"n": n}, key="k")
    report = waybill.drain()
    assert (report.messages, report.handled, report.dead_letters, report.unknown) == (4, 2, 1, 0)
    assert report.attempts >= 5
    assert report.crashed_at is None
    assert waybill.drain().messages == 0


def test_what_handlers_publish_is_relayed_and_consumed_as_well(
    waybill: WaybillKit, declare: Any
) -> None:
    first, second = waybill.make_topic(), waybill.make_topic()

    def pass_on(event: ReceivedEvent) -> None:
        publish(second, type=TYPE, data=event.data)

    declare(first, pass_on)
    declare(second, write_a_row)
    waybill.publish(first, type=TYPE, data={"n": 1})
    assert waybill.drain(second, first).handled == 2
    assert Group.objects.count() == 1


@pytest.mark.parametrize("forget_redis", [False, True])
def test_a_redelivery_changes_nothing_of_a_correct_handler(
    waybill: WaybillKit, declare: Any, forget_redis: bool
) -> None:
    topic = waybill.make_topic(partitions=2)
    declare(topic, write_a_row, dedupe_key="thing:{n}")
    for n in range(5):
        waybill.publish(topic, type=TYPE, data={"n": n}, key=str(n))
    waybill.drain(topic)
    redis = get_redis_connection("dedupe")
    assert redis.exists("thing:1")
    redis.set("somebody", "else")
    report = waybill.redeliver(topic, forget_redis=forget_redis)
    assert (report.messages, report.handled, report.attempts) == (5, 0, 0)
    assert redis.exists("somebody") == (not forget_redis)
    assert Group.objects.count() == 5


def test_a_redelivery_catches_a_dedupe_key_that_is_another_one_each_time(
    waybill: WaybillKit, declare: Any
) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row, dedupe_key=lambda event: f"thing:{uuid.uuid4()}")
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.drain(topic)
    assert waybill.redeliver(topic).handled == 1
    assert Group.objects.count() == 2


def test_a_fact_published_twice_catches_a_handler_without_a_dedupe_key(
    waybill: WaybillKit, declare: Any
) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row, group=f"{topic}_careless")
    declare(topic, write_a_row, group=f"{topic}_careful", dedupe_key="thing:{n}")
    for _ in range(2):
        waybill.publish(topic, type=TYPE, data={"n": 1})
    assert waybill.drain(f"{topic}_careless").handled == 2
    assert waybill.drain(f"{topic}_careful").handled == 1


def test_a_death_during_a_redelivery_is_followed_to_its_end(
    waybill: WaybillKit, declare: Any
) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row, dedupe_key="thing:{n}")
    for n in range(3):
        waybill.publish(topic, type=TYPE, data={"n": n})
    waybill.drain(topic)
    waybill.crash_at("polled")
    assert waybill.redeliver(topic).crashed_at == "polled"
    assert waybill.drain(topic).messages == 3
    assert Group.objects.count() == 3


def test_members_join_and_leave_while_messages_flow(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic(partitions=4)
    handled: dict[str, list[int]] = defaultdict(list)

    def handle(event: ReceivedEvent) -> None:
        write_a_row(event)
        handled[str(event.key)].append(event.data["n"])

    declare(topic, handle, dedupe_key="thing:{n}")
    with waybill.rebalance(topic) as members:
        for n in range(200):
            waybill.publish(topic, type=TYPE, data={"n": n}, key=str(n % 20))
    assert members.moved
    assert members.done_by_first
    assert members.done_by_second
    assert Group.objects.count() == Consumption.objects.count() == 200
    for numbers in handled.values():
        assert list(dict.fromkeys(numbers)) == sorted(set(numbers))
    assert not Heartbeat.objects.filter(name=topic).exists()  # both left in order


def test_a_topic_of_one_partition_cannot_be_rebalanced(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row)
    with pytest.raises(KitRefused, match="one partition"), waybill.rebalance(topic):
        pass


@pytest.mark.parametrize("n", [1, 2])
def test_what_an_earlier_test_left_in_a_topic_is_not_handed_out(
    waybill: WaybillKit, declare: Any, shared_topic: str, n: int
) -> None:
    declare(shared_topic, write_a_row, dedupe_key="thing")
    waybill.publish(shared_topic, type=TYPE, data={"n": n})
    assert waybill.drain().handled == 1
    assert waybill.redeliver(shared_topic).messages == 1
    waybill.publish(shared_topic, type=TYPE, data={"n": 0})  # left behind


def test_what_still_waits_is_told(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()

    def not_today(event: ReceivedEvent) -> None:
        raise RuntimeError("not today")

    declare(topic, not_today, retry=None)  # the default: seconds between the attempts
    waybill.publish(topic, type=TYPE, data={})
    with pytest.raises(AssertionError, match="not today") as raised:
        waybill.drain(topic, timeout_s=0.5)
    assert f"group '{topic}' has not read 1 messages of {topic}:0" in str(raised.value)
    assert "is retrying after" in str(raised.value)


def test_what_waits_for_people_is_told_at_once(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row)
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.drain(topic)
    facts = {"group": topic, "topic": topic, "key": b"k"}
    ClosedKey.objects.create(**facts, cause="quarantined", by="ada", closed_at=LATER)
    DeadLetter.objects.create(
        **facts, partition=0, offset=7, state="held", created_at=LATER, changed_at=LATER
    )
    with pytest.raises(AssertionError, match="waits for people") as raised:
        waybill.drain(topic)
    assert f"1 messages of {topic} are held" in str(raised.value)


def test_a_crash_that_nothing_reaches_fails_the_drain(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row)
    waybill.publish(topic, type=TYPE, data={"n": 1})
    waybill.crash_at("effect_began")
    with pytest.raises(AssertionError, match="nothing died at effect_began"):
        waybill.drain(topic)


def test_misuse_is_answered_with_what_to_do(waybill: WaybillKit, declare: Any) -> None:
    topic = waybill.make_topic()
    declare(topic, write_a_row)
    with pytest.raises(KitRefused, match=r"no step 'commited'; the steps are: relay\.produced"):
        waybill.crash_at("commited")
    with pytest.raises(KitRefused, match="no handler subscribes as group 'stok'; known: "):
        waybill.drain("stok")
    with pytest.raises(KitRefused, match=r"'nowhere' is not declared: .*make_topic"):
        waybill.publish("nowhere", type=TYPE, data={})
    with pytest.raises(KitRefused, match="no message to be handed out: publish first"):
        waybill.redeliver(topic)
    with pytest.raises(KitRefused, match="no group subscribes"):
        waybill.drain()
    with transaction.atomic(), pytest.raises(KitRefused, match=r"transaction=True"):
        waybill.publish(topic, type=TYPE, data={"n": 1})


def test_an_event_that_can_never_be_written_fails_at_once(waybill: WaybillKit) -> None:
    topic = waybill.make_topic(config={"max.message.bytes": "500"})
    with pytest.raises(AssertionError, match="can never be written to Kafka"):
        waybill.publish(topic, type=TYPE, data={"text": os.urandom(1_000).hex()})


def test_without_a_broker_it_says_which_one_is_missing(
    waybill: WaybillKit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "PATIENCE_S", 0.0)
    monkeypatch.setattr(broker, "ANSWER_S", 1.0)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    with pytest.raises(KitRefused, match=r"no broker answers at 127.0.0.1:1 .* or set KAFKA_BOOT"):
        broker.ends(["anything"])

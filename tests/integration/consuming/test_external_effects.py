"""External effects: claimed, begun, performed and marked; and what is told when a process dies."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from django.contrib.auth.models import Group
from django.db import connection

from events.conf import kafka_settings
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.errors import EffectUnknown, InvalidEvent, ServiceUnavailable
from events.event import ReceivedEvent
from events.models import Attempt, Consumption, DeadLetter
from events.retry import RetryPolicy

pytestmark = pytest.mark.django_db(transaction=True)

TYPE = "thing.happened"
FAST = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)
Sent = list[tuple[str, bytes | None]]


@pytest.fixture
def topic(make_topic: Any) -> str:
    return str(make_topic(TYPE))


@pytest.fixture
def send(topic: str) -> Callable[..., None]:
    producer = Producer({**kafka_settings("producer")})

    def send(*numbers: int) -> None:
        for number in numbers:
            producer.produce(
                topic, value=b'{"n": %d}' % number, headers=[("ce_type", TYPE.encode())]
            )
        assert producer.flush(10) == 0

    return send


@pytest.fixture
def declare(topic: str) -> Iterator[Callable[..., None]]:
    def declare(handler: Callable[[ReceivedEvent], None], **options: Any) -> None:
        options = {"retry": FAST, "dedupe_key": "sent:{n}", **options}
        subscribe(topic, group=topic, type=TYPE, effect="external", **options)(handler)

    yield declare
    unsubscribe(topic, group=topic, type=TYPE)


@pytest.fixture
def consume(topic: str, waybill_settings: Any, dedupe_redis: Any) -> Callable[[], None]:
    def consume() -> None:
        process = ConsumerProcess(
            group=topic,
            settings=waybill_settings(lease_s=2.0, lease_renew_s=0.5, probe_interval_s=0.1),
            until=Until(idle=True),
        )
        assert process.run(threading.Event()) == 0

    return consume


def left_behind(topic: str, *, began: bool, payload: bytes | None = None) -> Consumption:
    """The row of a process that died with message 0 of the topic in work."""
    return Consumption.objects.create(
        group=topic,
        dedupe_key="sent:1",
        source=f"kafka:{topic}",
        ce_id="0:0",
        topic=topic,
        partition=0,
        offset=0,
        outcome="started",
        attempts=1,
        lease_token=uuid.uuid4(),
        lease_expires_at="2026-01-01T00:00:00Z",
        effect_began_at="2026-01-01T00:00:00Z" if began else None,
        effect_payload=payload,
        first_at="2026-01-01T00:00:00Z",
    )


def sender(sent: Sent) -> Callable[[ReceivedEvent], None]:
    def handle(event: ReceivedEvent) -> None:
        payload = f"mail {event.data['n']} rendered in attempt {event.attempt}".encode()
        event.perform(lambda raw: sent.append((event.id, raw)), reference="<1>", payload=payload)
        Group.objects.create(name=f"sent {event.data['n']}")

    return handle


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


def test_a_process_that_died_before_the_effect_is_simply_followed(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    declare(sender(sent))
    send(1)
    row = left_behind(topic, began=False)
    consume()
    row.refresh_from_db()
    assert len(sent) == 1
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 0)


def test_a_process_that_died_after_the_effect_began_is_followed_by_the_same_bytes(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    declare(sender(sent))
    send(1)
    row = left_behind(topic, began=True, payload=b"the first bytes")
    consume()
    row.refresh_from_db()
    assert sent == [("0:0", b"the first bytes")]
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 2, 1)
    assert "outcome unknown" in Attempt.objects.earliest("id").error


def test_under_the_policy_hold_an_unknown_outcome_waits_for_people(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    declare(sender(sent), on_unknown="hold")
    send(1, 2)
    row = left_behind(topic, began=True)
    consume()
    row.refresh_from_db()
    assert [each for each, _ in sent] == ["0:1"]
    assert row.outcome == "unknown"


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


def test_a_service_that_is_away_counts_nothing(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    tries: list[int] = []

    def wait_for_it(event: ReceivedEvent) -> None:
        tries.append(event.attempt)
        if len(tries) < 6:
            raise ServiceUnavailable("SMTP")
        sender(sent)(event)

    declare(wait_for_it)
    send(1)
    consume()
    assert tries == [1] * 6
    assert len(sent) == 1
    assert Consumption.objects.get().attempts == 1
    assert not Attempt.objects.exists()


def test_losing_the_database_after_the_effect_does_not_repeat_it(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    lost: list[int] = []

    def lose_the_session(event: ReceivedEvent) -> None:
        event.perform(lambda _: sent.append((event.id, None)))
        if not lost:
            lost.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        Group.objects.create(name="marked")

    declare(lose_the_session)
    send(1)
    consume()
    assert (len(sent), len(lost), Group.objects.count()) == (1, 1, 1)
    row = Consumption.objects.get()
    assert (row.outcome, row.attempts, row.unknown_count) == ("succeeded", 1, 0)


def test_a_handler_that_fails_after_its_effect_is_not_run_again(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []

    def fail_afterwards(event: ReceivedEvent) -> None:
        event.perform(lambda _: sent.append((event.id, None)))
        raise RuntimeError("a bug after the mail went out")

    declare(fail_afterwards)
    send(1)
    consume()
    assert len(sent) == 1
    assert Consumption.objects.get().outcome == "succeeded"
    assert "the effect happened; then the handler failed" in Attempt.objects.get().error


def test_a_claim_in_living_hands_is_waited_for(
    topic: str, send: Any, declare: Any, consume: Any
) -> None:
    sent: Sent = []
    declare(sender(sent))
    send(1, 2)
    row = left_behind(topic, began=False)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_consumption SET lease_expires_at = now() + interval '1.5 s'"
            " WHERE id = %s",
            [row.id],
        )
    consume()
    assert [each for each, _ in sent] == ["0:0", "0:1"]
    row.refresh_from_db()
    assert (row.attempts, row.outcome) == (2, "succeeded")

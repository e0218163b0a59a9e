"""The relay's sessions: what it holds, what ends with them, and that every mark is true."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.models import Event, Heartbeat, OutboxEntry, Publication
from events.publishing.outbox import publish
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import (
    backends,
    end_relay_sessions,
    nothing_pending,
    publish_now,
    run_until,
    values,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_session_that_ends_between_write_and_mark_gives_a_second_copy_and_no_loss(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    relay = make_relay()
    run_until(relay, Heartbeat.objects.exists)
    with transaction.atomic():
        for n in range(3):
            publish(topic, type="thing.happened", data=n, key="a")
        # Held: the relay can read and write, but not delete.
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT sequence FROM events_outboxentry FOR UPDATE")
        stopper = threading.Thread(target=_end_when_blocked)
        stopper.start()
        run_until(relay, lambda: not stopper.is_alive() and len(read_topic(topic)) > 0)
        assert Publication.objects.count() == 0
    run_until(relay, nothing_pending, timeout_s=30)
    found = values(read_topic(topic))
    assert len(found) > 3  # the fault happened: some were written twice
    first_ones = list(dict.fromkeys(found))
    assert first_ones == [b"0", b"1", b"2"]
    assert Publication.objects.count() == 3


def _end_when_blocked() -> None:
    try:
        with connection.cursor() as cursor:

            def blocked() -> bool:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock' "
                    "AND application_name LIKE 'waybill-relay:%'"
                )
                return bool(cursor.fetchall())

            wait_until(blocked, timeout_s=30)
    finally:
        connection.close()


def test_every_publication_tells_the_truth(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic(partitions=3)
    relay = make_relay()
    for round_number in range(3):
        with transaction.atomic():
            for n in range(50):
                publish(topic, type="thing.happened", data=[round_number, n], key=str(n))
        for _ in range(round_number * 3):
            relay.run_once()
        end_relay_sessions()
    run_until(relay, nothing_pending, timeout_s=30)
    found_at = {
        (message.partition(), message.offset()): (
            dict(message.headers() or [])["ce_waybillid"].decode(),  # type: ignore[union-attr]
            message.value(),
        )
        for message in read_topic(topic)
    }
    stored = {str(event.pk): bytes(event.value or b"") for event in Event.objects.all()}
    for publication in Publication.objects.all():
        event_id, value = found_at[publication.partition, publication.offset]
        assert (event_id, value) == (str(publication.event_id), stored[event_id])
    assert Publication.objects.count() == 150


def test_two_relays_share_the_buckets_and_none_is_in_two_hands(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    one, two = make_relay(heartbeat_interval_s=0.2), make_relay(heartbeat_interval_s=0.2)

    def held() -> list[set[int]]:
        one.run_once()
        two.run_once()
        return [set(beat.assignment) for beat in Heartbeat.objects.filter(role="relay")]

    def is_shared() -> bool:
        hands = held()
        return len(hands) == 2 and all(len(buckets) == 32 for buckets in hands)

    run_until(one, is_shared)
    first, second = held()
    assert first.isdisjoint(second)
    topic = make_topic()
    with transaction.atomic():
        for n in range(300):
            publish(topic, type="thing.happened", data=n, key=str(n % 10))
    run_until(one, lambda: bool(held()) and nothing_pending())
    found = values(read_topic(topic))
    assert len(found) == 300  # each entry was sent once, by one of them
    two.close()
    run_until(one, lambda: len(Heartbeat.objects.get().assignment) == 64)


def test_a_frozen_relay_loses_its_buckets_to_another_and_can_mark_nothing(
    make_topic: MakeTopic, make_relay: MakeRelay
) -> None:
    topic = make_topic()
    frozen = make_relay(heartbeat_stale_s=1.0, heartbeat_interval_s=0.2)
    run_until(frozen, Heartbeat.objects.exists)
    assert len(Heartbeat.objects.get().assignment) == 64
    frozen_process = Heartbeat.objects.get().process
    event = publish_now(topic, key="a")
    heir = make_relay(heartbeat_stale_s=1.0, heartbeat_interval_s=0.2)
    run_until(heir, lambda: Publication.objects.filter(event=event).exists())
    assert not Heartbeat.objects.filter(process=frozen_process).exists()
    again = publish_now(topic, key="a")
    run_until(frozen, lambda: Heartbeat.objects.filter(process=frozen_process).exists())
    run_until(heir, nothing_pending)
    assert Publication.objects.filter(event=again).count() == 1


def test_the_relay_wakes_at_a_commit(make_topic: MakeTopic, make_relay: MakeRelay) -> None:
    topic = make_topic()
    relay = make_relay(relay_poll_interval_s=600.0)
    stop = threading.Event()
    running = threading.Thread(target=relay.run, args=(stop,))
    running.start()
    try:
        for _ in range(3):
            for _ in range(10):
                publish_now(topic)  # most of these calls are left out
            wait_until(nothing_pending)
    finally:
        stop.set()
        running.join(10)
    assert Publication.objects.count() == 30


def test_closing_marks_what_is_in_flight_and_takes_the_heartbeat_away(
    make_topic: MakeTopic, make_relay: MakeRelay
) -> None:
    topic = make_topic()
    relay = make_relay(kafka={"linger.ms": 500})
    publish_now(topic)
    relay.run_once()
    assert (Heartbeat.objects.count(), OutboxEntry.objects.count()) == (1, 1)
    relay.close(budget_s=10)
    assert nothing_pending()
    assert Publication.objects.count() == 1
    assert not Heartbeat.objects.exists()
    wait_until(lambda: backends("waybill-relay:") == [])


def test_an_event_whose_row_is_gone_is_parked(
    make_topic: MakeTopic, make_relay: MakeRelay
) -> None:
    entry = OutboxEntry.objects.create(
        event_id="01a2052f-6d36-74e8-a7a2-e3b18d3e78a3",
        topic=make_topic(),
        bucket=0,
        created_at=timezone.now(),
    )
    run_until(make_relay(), lambda: OutboxEntry.objects.parked().exists())
    entry.refresh_from_db()
    assert entry.last_error == "its event is gone"

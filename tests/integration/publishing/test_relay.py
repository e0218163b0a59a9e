"""The relay brings every outbox entry to Kafka, in order, and writes down where it lies."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from confluent_kafka import Message
from django.db import connection, transaction
from django.utils import timezone

from events.kafka.admin import KafkaTopics
from events.kafka.topic_plan import CreateTopic
from events.models import Event, Heartbeat, OutboxEntry, Publication
from events.publishing.outbox import NewEvent, publish, publish_many
from events.topics import topic_named
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import publish_now, run_until
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def nothing_pending() -> bool:
    return not OutboxEntry.objects.exists()


def values(messages: list[Message]) -> list[bytes | None]:
    return [message.value() for message in messages]


def backends(application: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name LIKE %s",
            [f"{application}%"],
        )
        return [row[0] for row in cursor.fetchall()]


def end_relay_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid",
            [backends("waybill-relay:")],
        )
        return len(cursor.fetchall())


def test_records_carry_the_exact_bytes_and_every_attribute(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with transaction.atomic():
        event = publish(
            topic,
            type="thing.happened",
            value=b'{ "exact" :\t1 }\n',
            key="größe",
            subject="s/1",
            id="theirs",
            source="/shop",
            content_type="application/vnd.x+json",
            headers=(("ce_region", "eu"), ("tracestate", "a=1")),
            traceparent=traceparent,
            occurred_at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        )
    run_until(make_relay(), nothing_pending)
    (message,) = read_topic(topic)
    assert message.value() == b'{ "exact" :\t1 }\n'
    assert message.key() == "größe".encode()
    assert message.headers() == [
        ("content-type", b"application/vnd.x+json"),
        ("ce_id", b"theirs"),
        ("ce_type", b"thing.happened"),
        ("ce_source", b"/shop"),
        ("ce_specversion", b"1.0"),
        ("ce_time", b"2026-01-02T03:04:05.000006Z"),
        ("ce_waybillid", str(event.pk).encode()),
        ("ce_subject", b"s/1"),
        ("ce_partitionkey", "größe".encode()),
        ("traceparent", traceparent.encode()),
        ("ce_region", b"eu"),
        ("tracestate", b"a=1"),
    ]
    publication = Publication.objects.get()
    assert publication.event_id == event.pk
    assert (publication.topic, publication.partition, publication.offset) == (topic, 0, 0)
    assert publication.cause == "first"


def test_tombstones_and_missing_keys_stay_null(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    with transaction.atomic():
        publish(topic, type="thing.happened", value=None, key="gone")
        publish(topic, type="thing.happened", value=b"", key=None)
        publish(topic, type="thing.happened", value=b"\x00\xff", key="")
    run_until(make_relay(), nothing_pending)
    found = {(message.key(), message.value()) for message in read_topic(topic)}
    assert found == {(b"gone", None), (None, b""), (b"", b"\x00\xff")}


def test_many_events_keep_their_order_per_key_over_partitions(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic(partitions=3)
    with transaction.atomic():
        publish_many(
            [
                NewEvent(topic=topic, type="thing.happened", data=n, key=str(n % 7))
                for n in range(5_000)
            ]
        )
    run_until(make_relay(), nothing_pending, timeout_s=60)
    by_key: dict[bytes, list[int]] = {}
    for message in read_topic(topic):
        by_key.setdefault(message.key() or b"", []).append(int(message.value() or b""))
    assert {key: sorted(numbers) for key, numbers in by_key.items()} == by_key
    assert sum(map(len, by_key.values())) == 5_000
    assert Publication.objects.count() == 5_000


def test_a_transaction_that_commits_late_is_not_skipped(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    relay = make_relay()
    first_has_sequence, may_commit = threading.Event(), threading.Event()

    def commit_late() -> None:
        try:
            with transaction.atomic():
                publish(topic, type="thing.happened", data="late", key="a")
                first_has_sequence.set()
                may_commit.wait(30)
        finally:
            connection.close()

    late = threading.Thread(target=commit_late)
    late.start()
    assert first_has_sequence.wait(10)
    early = publish_now(topic, data="early", key="b")
    run_until(relay, lambda: Publication.objects.filter(event=early).exists())
    may_commit.set()
    late.join(10)
    run_until(relay, lambda: Publication.objects.count() == 2)
    assert values(read_topic(topic)) == [b'"early"', b'"late"']


def test_an_unknown_topic_is_tried_again_and_stops_no_other(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    missing, good = make_topic(create=False), make_topic()
    with transaction.atomic():
        for n in range(3):
            publish(missing, type="thing.happened", data=n, key="same")
            publish(good, type="thing.happened", data=n, key="same")
    relay = make_relay(relay_max_backoff_s=0.5)
    run_until(relay, lambda: OutboxEntry.objects.filter(attempts__gte=2).exists(), timeout_s=30)
    assert values(read_topic(good)) == [b"0", b"1", b"2"]
    first, *behind = OutboxEntry.objects.order_by("sequence")
    assert first.topic == missing
    assert first.retry_at is not None
    assert first.last_error
    # The later ones of the key wait behind it, untouched.
    assert [entry.attempts for entry in behind] == [0, 0]

    KafkaTopics().make(CreateTopic(topic=topic_named(missing)))
    run_until(relay, nothing_pending, timeout_s=30)
    assert values(read_topic(missing)) == [b"0", b"1", b"2"]


def test_an_event_without_a_key_holds_nobody_back(
    make_topic: MakeTopic, make_relay: MakeRelay
) -> None:
    topic = make_topic()
    waiting = publish_now(topic)
    OutboxEntry.objects.update(retry_at=timezone.now() + timedelta(hours=1))
    free = publish_now(topic)
    relay = make_relay()
    run_until(relay, lambda: Publication.objects.filter(event=free).exists())
    assert OutboxEntry.objects.get().event_id == waiting.pk


def test_a_wished_delay_is_kept_and_others_overtake(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    publish_now(topic, data="later", key="a", publish_after=timezone.now() + timedelta(hours=1))
    publish_now(topic, data="now", key="a")
    relay = make_relay()
    run_until(relay, lambda: Publication.objects.count() == 1)
    OutboxEntry.objects.update(publish_after=timezone.now())
    run_until(relay, nothing_pending)
    assert values(read_topic(topic)) == [b'"now"', b'"later"']


def test_what_the_client_finds_too_large_is_parked_and_its_neighbours_flow(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    with transaction.atomic():
        publish(topic, type="thing.happened", data="a", key="a")
        large = publish(topic, type="thing.happened", data="x" * 5_000, key="large")
        publish(topic, type="thing.happened", data="behind", key="large")
        publish(topic, type="thing.happened", data="b", key="b")
    relay = make_relay(kafka={"message.max.bytes": 2_000})
    run_until(relay, lambda: Publication.objects.count() == 2)
    parked, behind = OutboxEntry.objects.order_by("sequence")
    assert parked.event_id == large.pk
    assert parked.parked_at is not None
    assert "too large" in parked.last_error
    assert (behind.parked_at, behind.attempts) == (None, 0)
    assert values(read_topic(topic)) == [b'"a"', b'"b"']


def test_what_the_broker_finds_too_large_is_found_among_its_batch_and_parked(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic(config={"max.message.bytes": "4000"})
    relay = make_relay(kafka={"compression.type": "none", "linger.ms": 50})
    publish_now(topic, data="first")
    run_until(relay, nothing_pending)  # from here on the topic gets whole batches
    with transaction.atomic():
        for n in range(3):
            publish(topic, type="thing.happened", data=n, key=f"before{n}")
        large = publish(topic, type="thing.happened", data="x" * 5_000, key="large")
        for n in range(3, 6):
            publish(topic, type="thing.happened", data=n, key=f"after{n}")
    run_until(relay, lambda: Publication.objects.count() == 7, timeout_s=30)
    parked = OutboxEntry.objects.get()
    assert (parked.event_id, parked.parked_at is None) == (large.pk, False)
    assert sorted(values(read_topic(topic))[1:], key=str) == [b"%d" % n for n in range(6)]


def test_a_full_producer_queue_is_waited_for(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    with transaction.atomic():
        publish_many(
            [NewEvent(topic=topic, type="thing.happened", data=n, key="a") for n in range(500)]
        )
    relay = make_relay(kafka={"queue.buffering.max.messages": 10})
    run_until(relay, nothing_pending, timeout_s=60)
    assert values(read_topic(topic)) == [b"%d" % n for n in range(500)]


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

"""The relay brings every outbox entry to Kafka, in order, and writes down where it lies."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.kafka.admin import KafkaTopics
from events.kafka.topic_plan import CreateTopic
from events.models import OutboxEntry, Publication
from events.publishing.outbox import NewEvent, publish, publish_many
from events.topics import topic_named
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import (
    nothing_pending,
    publish_now,
    run_until,
    values,
)

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert (publication.event_id, publication.cause) == (event.pk, "first")
    assert (publication.topic, publication.partition, publication.offset) == (topic, 0, 0)


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


def test_large_and_small_values_and_tombstones_keep_their_order(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    sizes = (10, 4_096, None, 4_097, 300_000, 0, 700_000, 10)  # around what is read at once
    sent = [None if size is None else b"x" * size for size in sizes * 2]
    with transaction.atomic():
        publish_many(
            [NewEvent(topic=topic, type="thing.happened", value=value, key="k") for value in sent]
        )
    run_until(make_relay(relay_window_bytes=1_000_000), nothing_pending)
    assert [message.value() for message in read_topic(topic)] == sent


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

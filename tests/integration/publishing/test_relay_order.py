"""What Kafka refuses is overtaken by nothing of its key, whatever was on its way behind it."""

import pytest
from confluent_kafka.admin import AdminClient
from django.db import transaction

from events.kafka.admin import KafkaTopics
from events.kafka.topic_plan import CreateTopic
from events.models import OutboxEntry, Publication
from events.publishing.outbox import NewEvent, publish_many
from events.topics import topic_named
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import nothing_pending, publish_now, run_until, values
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

# Batches of ten, many of them waiting behind each other.
SMALL_BATCHES = {"batch.num.messages": 10, "compression.type": "none"}


def publish_numbers(topic: str, numbers: range, *, large: int | None = None) -> None:
    with transaction.atomic():
        publish_many(
            [
                NewEvent(
                    topic=topic,
                    type="thing.happened",
                    data="x" * 5_000 if n == large else n,
                    key="large" if n == large else "same",
                )
                for n in numbers
            ]
        )


def first_ones(found: list[bytes | None]) -> list[bytes | None]:
    """Without the copies: a record may be written twice."""
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("begins_with", ["a proven topic", "a new producer"])
def test_a_refused_batch_is_not_overtaken_by_the_next_ones(
    begins_with: str, make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic(config={"max.message.bytes": "4000"})
    other = make_topic()
    relay = make_relay(kafka=SMALL_BATCHES)
    publish_now(topic, data="first")
    run_until(relay, nothing_pending)  # from here on the topic gets whole batches
    if begins_with == "a proven topic":
        publish_numbers(topic, range(-20, 0))
        run_until(relay, nothing_pending)
    before = Publication.objects.count()
    publish_numbers(topic, range(300), large=15)
    publish_numbers(other, range(300))
    run_until(relay, lambda: Publication.objects.count() == before + 599, timeout_s=60)
    parked = OutboxEntry.objects.get()
    assert (parked.key, parked.parked_at is None) == ("large", False)
    assert "too large" in parked.last_error
    found = first_ones(values(read_topic(topic)))[before:]
    assert found == [b"%d" % n for n in range(300) if n != 15]
    assert first_ones(values(read_topic(other))) == [b"%d" % n for n in range(300)]


def test_a_topic_deleted_under_load_and_made_again_keeps_the_order(
    make_topic: MakeTopic,
    make_relay: MakeRelay,
    read_topic: ReadTopic,
    kafka_admin: AdminClient,
) -> None:
    topic, other = make_topic(), make_topic()
    relay = make_relay(kafka=SMALL_BATCHES, relay_max_backoff_s=0.5)
    publish_now(topic, data="first")
    run_until(relay, nothing_pending)
    kafka_admin.delete_topics([topic])[topic].result(10)
    publish_numbers(topic, range(300))
    publish_numbers(other, range(300))
    run_until(relay, lambda: OutboxEntry.objects.filter(attempts__gte=1).exists(), timeout_s=30)
    run_until(relay, lambda: Publication.objects.filter(topic=other).count() == 300)
    # One entry of the key is known to have failed, the others are as they were, behind it.
    assert OutboxEntry.objects.filter(topic=topic, attempts__gte=1).count() == 1
    assert OutboxEntry.objects.filter(topic=topic).count() == 300
    wait_until(lambda: topic not in kafka_admin.list_topics(timeout=5).topics)
    KafkaTopics().make(CreateTopic(topic=topic_named(topic)))
    run_until(relay, nothing_pending, timeout_s=60)
    assert first_ones(values(read_topic(topic))) == [b"%d" % n for n in range(300)]

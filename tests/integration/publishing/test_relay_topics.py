"""Topics that are new, in trouble or full of what waits: the others flow, and they do at once."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from events.models import OutboxEntry, Publication
from events.publishing import relay as relay_module
from events.publishing.outbox import NewEvent, publish, publish_many
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import nothing_pending, publish_now, run_until, values

pytestmark = pytest.mark.django_db(transaction=True)


def publish_numbers(topic: str, number: int, *, key: str = "same") -> None:
    with transaction.atomic():
        publish_many(
            [NewEvent(topic=topic, type="thing.happened", data=n, key=key) for n in range(number)]
        )


def test_many_events_of_a_new_topic_follow_the_first_at_once(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topics = [make_topic() for _ in range(3)]
    relay = make_relay(relay_poll_interval_s=600.0)
    for topic in topics:
        publish_numbers(topic, 100)
    run_until(relay, nothing_pending, timeout_s=15)
    for topic in topics:
        assert values(read_topic(topic)) == [b"%d" % n for n in range(100)]


def test_a_delayed_event_goes_at_its_time_though_nobody_calls(
    make_topic: MakeTopic, make_relay: MakeRelay
) -> None:
    topic = make_topic()
    relay = make_relay(relay_poll_interval_s=0.3)
    publish_now(topic)
    run_until(relay, nothing_pending)
    wished = timezone.now() + timedelta(seconds=2)
    late = publish_now(topic, publish_after=wished)
    run_until(relay, nothing_pending)
    published_at = Publication.objects.get(event=late).published_at
    assert wished <= published_at < wished + timedelta(seconds=1.5)


def test_a_delay_that_is_over_does_not_overtake_a_backlog_of_its_key(
    make_topic: MakeTopic,
    make_relay: MakeRelay,
    read_topic: ReadTopic,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay_module, "READ_ENTRIES", 7)
    topic = make_topic()
    publish_numbers(topic, 50)
    publish_now(topic, data="last", key="same", publish_after=timezone.now())
    run_until(make_relay(), nothing_pending)
    assert values(read_topic(topic)) == [*(b"%d" % n for n in range(50)), b'"last"']


def test_a_record_that_breaks_the_topics_rules_is_parked_and_its_neighbours_flow(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic(config={"cleanup.policy": "compact"})
    relay = make_relay()
    publish_numbers(topic, 3)
    with transaction.atomic():
        keyless = publish(topic, type="thing.happened", data="no key", key=None)
        publish(topic, type="thing.happened", data="key", key="a")
    run_until(relay, lambda: Publication.objects.count() == 4, timeout_s=30)
    run_until(relay, OutboxEntry.objects.parked().exists)
    entry = OutboxEntry.objects.get()
    assert entry.event_id == keyless.pk
    assert entry.last_error
    assert sorted(map(str, values(read_topic(topic)))) == sorted(
        map(str, [b"0", b"1", b"2", b'"key"'])
    )


def test_an_unparked_event_goes_before_the_followers_of_its_key(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    relay = make_relay()
    publish_numbers(topic, 3)
    first = OutboxEntry.objects.order_by("sequence")[:1].values("sequence")
    OutboxEntry.objects.filter(sequence__in=first).update(
        parked_at=timezone.now(), attempts=4, last_error="too large"
    )
    other = publish_now(topic, data="other", key="other")
    run_until(relay, lambda: Publication.objects.filter(event=other).exists())
    assert Publication.objects.count() == 1
    assert OutboxEntry.objects.unpark() == 1
    run_until(relay, nothing_pending)
    assert values(read_topic(topic)) == [b'"other"', b"0", b"1", b"2"]

"""F14: a relay's and a publisher's wall clock jump by an hour; nothing of ours asks it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from events.models import Heartbeat, OutboxEntry, Publication
from events.publishing.relay import Relay
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import (
    nothing_pending,
    publish_now,
    run_until,
    values,
)

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


def test_order_times_and_shares_survive_the_jumps(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    jumping, other = make_relay(), make_relay()
    real = timezone.now()
    for number, offset in enumerate((HOUR, -HOUR, timedelta(0), -HOUR, HOUR)):
        with time_machine.travel(real + offset, tick=True):
            assert abs(timezone.now() - real - offset) < timedelta(minutes=5)  # it jumped
            publish_now(topic, key="a", data=2 * number)
            publish_now(topic, key="a", data=2 * number + 1)
            run_until(jumping, lambda: step(other) and nothing_pending())

    assert values(read_topic(topic)) == [str(number).encode() for number in range(10)]
    assert Publication.objects.count() == 10
    for publication in Publication.objects.all():
        assert abs(publication.published_at - real) < timedelta(minutes=5)
    # On a slow machine one may have taken the other for frozen; the shares become even again.
    run_until(jumping, lambda: step(other) and shares() == [32, 32])


def test_a_postponed_entry_waits_by_the_clock_of_the_database(
    make_topic: MakeTopic, make_relay: MakeRelay
) -> None:
    topic = make_topic(create=False)
    relay = make_relay()
    with time_machine.travel(timezone.now() + HOUR, tick=True):
        publish_now(topic, data=1)
        run_until(relay, lambda: OutboxEntry.objects.filter(retry_at__isnull=False).exists())
    entry = OutboxEntry.objects.get()
    assert entry.retry_at is not None
    assert abs(entry.retry_at - timezone.now()) < timedelta(minutes=5)


def shares() -> list[int]:
    """How many buckets each relay says it holds."""
    beats = Heartbeat.objects.filter(role="relay")
    return sorted(len(beat.assignment) for beat in beats)


def step(relay: Relay) -> bool:
    """Let the other relay go on too."""
    relay.run_once()
    return True

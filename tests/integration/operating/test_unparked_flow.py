"""What was unparked reaches Kafka, and what waited behind it in its key follows in order."""

import pytest
from django.utils import timezone

from events.auditing.waybill import State, waybill
from events.models import OutboxEntry
from events.operating.operator import Operator
from events.operating.unparking import Unparking
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import (
    nothing_pending,
    publish_now,
    run_until,
    values,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_followers_of_its_key_come_after_it(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    parked = publish_now(topic, key="a", data=1)
    OutboxEntry.objects.filter(event=parked).update(parked_at=timezone.now(), last_error="x")
    publish_now(topic, key="a", data=2)
    publish_now(topic, key="b", data=3)
    relay = make_relay()
    run_until(relay, lambda: OutboxEntry.objects.count() == 2)
    assert waybill(parked.pk).state is State.PARKED

    Unparking(topic=topic).carry_out(by=Operator(name="ada", reason="mended"))

    run_until(relay, nothing_pending)
    assert values(read_topic(topic)) == [b"3", b"1", b"2"]
    assert waybill(parked.pk).state is State.PUBLISHED

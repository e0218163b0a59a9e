"""A republished event lies on Kafka a second time, and its waybill says by whom."""

import threading

import pytest

from events.auditing.waybill import State, waybill
from events.operating.operator import Operator
from events.operating.republish_selection import Selection
from events.operating.republishing import Republishing
from tests.conftest import MakeTopic
from tests.integration.publishing.conftest import MakeRelay, ReadTopic
from tests.integration.publishing.stepping import (
    nothing_pending,
    publish_now,
    run_until,
    values,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_its_second_publication_has_a_cause_and_a_name(
    make_topic: MakeTopic, make_relay: MakeRelay, read_topic: ReadTopic
) -> None:
    topic = make_topic()
    event = publish_now(topic, key="a", data=1)
    publish_now(topic, key="a", data=2)
    relay = make_relay()
    run_until(relay, nothing_pending)

    selection = Selection(event_ids=[event.pk])
    Republishing(selection).run(
        threading.Event(), by=Operator(name="ada", reason="a group lost its database")
    )
    run_until(relay, nothing_pending)

    messages = read_topic(topic)
    assert values(messages) == [b"1", b"2", b"1"]
    assert messages[2].headers() == messages[0].headers()
    told = waybill(event.pk)
    assert told.state is State.PUBLISHED
    assert [(each.cause, each.by, each.offset) for each in told.publications] == [
        ("first", "", 0),
        ("republish", "ada", 2),
    ]
    assert f"Published again at {topic}:0:2" in {each.summary for each in told.timeline}

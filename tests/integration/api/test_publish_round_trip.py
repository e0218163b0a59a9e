"""F42: whatever is posted is refused, or arrives in Kafka, at handlers and in the audit.

Hypothesis posts; then one relay and one consumer carry everything, and every copy is compared.
"""

import json
import string
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from cloudevents.core.bindings import kafka
from confluent_kafka import Consumer, Message, TopicPartition
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.conf import Waybill, kafka_settings, waybill
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import Event
from events.publishing.relay import Relay
from tests.integration.api.published import BATCH, JSON, STRUCTURED, TYPE, post
from tests.integration.publishing.stepping import nothing_pending, run_until
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ANY_TEXT = st.text(max_size=30) | st.sampled_from(["\0", "\ud800", "", "é" * 600, "%25%", '"a"'])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
RAW = st.binary(max_size=60) | st.sampled_from(
    [b"1e999", b"9" * 30, b"[" * 5_000 + b"]" * 5_000, b'"\\ud800"', b"NaN", b' { "a" : 1.0 } ']
)
NAMES = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)


class Sent(NamedTuple):
    """What was accepted, as its sender meant it."""

    value: bytes
    key: str | None
    content_type: str
    extensions: dict[str, str]


class Post(NamedTuple):
    """A request, and what it means if it is accepted."""

    body: bytes
    content_type: str
    headers: dict[str, str]
    meant: list[Sent]


@st.composite
def data(draw: st.DrawFn) -> bytes:
    if draw(st.booleans()):
        return draw(RAW)
    text = json.dumps(draw(JSON_VALUES), ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass")


def joined(members: dict[str, Any], value: bytes, *, name: str = "data") -> bytes:
    head = json.dumps(members)[:-1].encode()
    return head + b', "%s" : ' % name.encode() + value + b"}"


@st.composite
def plain(draw: st.DrawFn) -> Post:
    events = draw(st.lists(st.tuples(data(), st.none() | ANY_TEXT), min_size=1, max_size=3))
    bodies = [joined({"type": TYPE, "key": key}, value) for value, key in events]
    body = bodies[0] if len(bodies) == 1 else b"[" + b",".join(bodies) + b"]"
    return Post(body, JSON, {}, [Sent(value.strip(), key, JSON, {}) for value, key in events])


def cloud_event(draw: st.DrawFn) -> tuple[dict[str, str], str | None, dict[str, str]]:
    extensions = draw(st.dictionaries(NAMES, ANY_TEXT, max_size=2))
    key = draw(st.none() | ANY_TEXT)
    attributes = {"specversion": "1.0", "id": draw(ANY_TEXT), "source": "/hypothesis"}
    named = {} if key is None else {"partitionkey": key}
    return attributes | {"type": TYPE} | named | extensions, key, extensions


@st.composite
def structured(draw: st.DrawFn) -> Post:
    attributes, key, extensions = cloud_event(draw)
    value = draw(data())
    if draw(st.booleans()):
        encoded = json.dumps(b64encode(value).decode()).encode()
        meant = Sent(value, key, "application/octet-stream", extensions)
        body = joined(attributes, encoded, name="data_base64")
    else:
        meant, body = Sent(value.strip(), key, JSON, extensions), joined(attributes, value)
    if draw(st.booleans()):
        return Post(b"[" + body + b"]", BATCH, {}, [meant])
    return Post(body, STRUCTURED, {}, [meant])


@st.composite
def binary(draw: st.DrawFn) -> Post:
    attributes, key, extensions = cloud_event(draw)
    content_type = draw(st.sampled_from([JSON, "text/plain", "application/octet-stream"]))
    headers = {
        f"ce-{name}": quote(text.encode("utf-8", "surrogatepass"))
        for name, text in attributes.items()
    }
    value = draw(data())
    if not value:  # Django's client announces no content type then, and that is JSON
        content_type = JSON
    return Post(value, content_type, headers, [Sent(value, key, content_type, extensions)])


@pytest.fixture
def topic(make_topic: Callable[..., str]) -> str:
    return make_topic()


@pytest.fixture
def handled(topic: str) -> Iterator[dict[str, ReceivedEvent]]:
    """What the handler got, by event id."""
    found: dict[str, ReceivedEvent] = {}

    def keep(event: ReceivedEvent) -> None:
        found[str(event.event_id)] = event

    subscribe(topic, group=topic, type=TYPE)(keep)
    yield found
    unsubscribe(topic, group=topic, type=TYPE)


def carry(topic: str, settings: Waybill) -> None:
    """Move all that is accepted to Kafka and through the handler."""
    relay = Relay(settings=settings)
    try:
        run_until(relay, nothing_pending)
    finally:
        relay.close()
    consumer = ConsumerProcess(group=topic, settings=waybill(), until=Until(idle=True))
    assert consumer.run(threading.Event()) == 0


def records_of(topic: str) -> dict[str, Message]:
    """What lies in the topic, by event id."""
    consumer = Consumer({**kafka_settings("consumer"), "group.id": "raw"})
    messages: list[Message] = []

    def is_whole() -> bool:
        messages.extend(consumer.consume(500, 0.2))
        return len(messages) == high

    try:
        partition = TopicPartition(topic, 0, 0)
        _, high = consumer.get_watermark_offsets(partition, timeout=10)
        consumer.assign([partition])
        wait_until(is_whole)
    finally:
        consumer.close()
    return {headers_of(message)["ce_waybillid"].decode(): message for message in messages}


def headers_of(message: Message) -> dict[str, bytes]:
    found: Any = message.headers()
    return dict(found)


def test_what_is_accepted_arrives_byte_for_byte_and_the_rest_leaves_nothing(
    api: Client,
    topic: str,
    caller: User,
    handled: dict[str, ReceivedEvent],
    waybill_settings: Callable[..., Waybill],
) -> None:
    accepted: dict[str, Sent] = {}
    refused: list[int] = []

    @settings(
        max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(asked=st.one_of(plain(), structured(), binary()))
    def post_it(asked: Post) -> None:
        before = Event.objects.count()
        answer = post(
            api, topic, asked.body, content_type=asked.content_type, headers=asked.headers
        )
        if answer.status_code == 202:
            told = answer.json() if isinstance(answer.json(), list) else [answer.json()]
            if "Idempotent-Replayed" in answer:  # extensions are no part of what makes it the same
                return
            assert Event.objects.count() == before + len(asked.meant)
            accepted.update(zip((each["id"] for each in told), asked.meant, strict=True))
        else:
            assert answer.status_code in {400, 409, 413, 422}, answer.content
            assert Event.objects.count() == before
            refused.append(answer.status_code)

    post_it()
    assert len(accepted) > 20, "hypothesis made too few events that can be stored"
    assert {400, 422} <= set(refused)
    carry(topic, waybill_settings())
    records = records_of(topic)
    assert records.keys() == handled.keys() == accepted.keys()
    for event_id, sent in accepted.items():
        compare(sent, Event.objects.get(pk=event_id), records[event_id], handled[event_id])
    look_at_every_page(api, caller, accepted)


def compare(sent: Sent, event: Event, record: Message, received: ReceivedEvent) -> None:
    key = None if sent.key is None else sent.key.encode()
    assert bytes(event.value or b"") == record.value() == received.value == sent.value
    assert (event.key, record.key(), received.key) == (sent.key, key, key)
    headers = {name: value.decode() for name, value in headers_of(record).items()}
    extensions = {f"ce_{name}": text for name, text in sent.extensions.items()}
    assert extensions.items() <= headers.items()
    assert headers["content-type"] == received.content_type == sent.content_type
    assert dict(event.headers) == extensions
    read_back = kafka.from_binary_event(
        kafka.KafkaMessage(headers_of(record), key, record.value() or b"")
    )
    assert (read_back.get_id(), read_back.get_source()) == (event.ce_id, event.source)
    assert read_back.get_type() == TYPE


def look_at_every_page(api: Client, caller: User, accepted: dict[str, Sent]) -> None:
    """The API and the admin show whatever was stored."""
    for event_id in accepted:
        assert api.get(f"/api/v1/events/{event_id}?include=value").status_code == 200
    assert api.get("/api/v1/events?limit=200").status_code == 200
    User.objects.filter(pk=caller.pk).update(is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(caller)
    assert browser.get("/admin/events/event/").status_code == 200
    for event_id in list(accepted)[:20]:
        address = f"/admin/events/event/{event_id}/change/"
        assert browser.get(address, follow=True).status_code == 200

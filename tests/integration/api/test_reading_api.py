"""Reading: one event by right, topics with what the caller may do, health with its reasons."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from events.consuming.subscriptions import groups
from events.models import Pause, TopicGrant
from tests.audit_rows import a_heartbeat, a_publication, an_event, an_outbox_entry
from tests.conftest import MakeTopic
from tests.integration.api.problem_answers import told

pytestmark = pytest.mark.django_db


def test_an_event_one_may_not_read_is_as_good_as_none(limited: Client, reader: User) -> None:
    event = an_event(value=b"SECRET")
    TopicGrant.objects.create(
        user=reader, topic=event.topic, may_publish=True, may_see_values=True, may_operate=True
    )

    there = limited.get(f"/api/v1/events/{event.pk}")
    nowhere = limited.get(f"/api/v1/events/{uuid4()}")

    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)


def test_values_need_a_right_of_their_own(limited: Client, reader: User) -> None:
    event = an_event(value=b"SECRET", headers=[["tenant", "SECRET"]])
    grant = TopicGrant.objects.create(user=reader, topic=event.topic, may_read=True)
    address = f"/api/v1/events/{event.pk}?include=value"

    withheld = limited.get(address)
    assert withheld.json()["value_withheld"] is True
    assert b"SECRET" not in withheld.content
    grant.may_see_values = True
    grant.save()
    shown = limited.get(address).json()
    assert (shown["value"], shown["headers"]) == ("SECRET", [["tenant", "SECRET"]])
    assert "value" not in limited.get(f"/api/v1/events/{event.pk}").json()
    assert limited.get(f"/api/v1/events/{event.pk}?value=1").status_code == 400


def test_topics_are_listed_with_what_the_caller_may_do(
    limited: Client, reader: User, make_topic: MakeTopic
) -> None:
    mine = make_topic("a.happened", "b.happened", partitions=2, create=False)
    other = make_topic(create=False)
    assert limited.get("/api/v1/topics").json() == {"topics": []}
    TopicGrant.objects.create(user=reader, topic=f"{mine[:-1]}*", may_publish=True, may_read=True)

    [topic] = limited.get("/api/v1/topics").json()["topics"]

    assert topic == {
        "name": mine,
        "description": "",
        "partitions": 2,
        "types": [
            {"name": name, "description": "", "schema": None}
            for name in ("a.happened", "b.happened")
        ],
        "groups": [],
        "rights": ["publish", "read"],
        "links": {
            "self": f"/api/v1/topics/{mine}",
            "publish": f"/api/v1/topics/{mine}/events",
        },
    }
    assert limited.get(f"/api/v1/topics/{mine}").json() == topic
    hidden = limited.get(f"/api/v1/topics/{other}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "unknown-topic")
    assert told(hidden, other) == told(limited.get("/api/v1/topics/nowhere"), "nowhere")


def test_a_topic_tells_its_groups_and_schemas(api: Client) -> None:
    topic = api.get("/api/v1/topics/order_invoices").json()

    assert topic["groups"] == ["invoices"]
    assert topic["rights"] == ["publish", "read", "values", "operate"]
    [invoice] = topic["types"]
    assert invoice["schema"] is not None


@pytest.mark.parametrize("address", ["topics", "topics/order_invoices", "limits", "health"])
def test_parameters_that_nobody_knows_are_refused(api: Client, address: str) -> None:
    answer = api.get(f"/api/v1/{address}?verbose=1")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/verbose"


def well() -> None:
    a_heartbeat("relay", beat_at=timezone.now(), progress_at=timezone.now(), assignment=[1, 2])
    for group in groups():
        a_heartbeat(beat_at=timezone.now(), name=group, progress_at=timezone.now())


def reasons(api: Client) -> list[str]:
    answer = api.get("/api/v1/health")
    assert answer.status_code == 200
    found = answer.json()
    assert found["is_well"] is not bool(found["reasons"])
    return sorted(each["code"] for each in found["reasons"])


def test_it_is_well_when_processes_live_and_nothing_waits(api: Client) -> None:
    well()

    found = api.get("/api/v1/health").json()

    assert found["is_well"] is True
    assert found["backlog"] == {
        "pending": 0,
        "delayed": 0,
        "parked": 0,
        "is_exact": True,
        "oldest_age_s": None,
    }
    [relay] = [each for each in found["processes"] if each["role"] == "relay"]
    assert relay["is_alive"] is True
    assert relay["holds"] == [1, 2]
    assert set(relay) == {
        "role", "group", "host", "pid", "is_alive", "holds", "started_at", "beat_at",
        "progress_at",
    }  # fmt: skip


def test_it_says_which_processes_are_missing(api: Client) -> None:
    a_heartbeat("relay", beat_at=timezone.now() - timedelta(minutes=1))  # it was killed

    assert reasons(api) == ["no-consumer"] * len(groups()) + ["no-relay"]


@pytest.mark.parametrize(
    ("age_s", "code"), [(5, None), (45, "backlog-old"), (90_000, "publishing-refused")]
)
def test_it_says_when_events_wait_too_long(api: Client, age_s: float, code: str | None) -> None:
    well()
    an_outbox_entry(an_event(), created_at=timezone.now() - timedelta(seconds=age_s))

    assert reasons(api) == ([code] if code else [])


def test_it_says_when_events_are_parked(api: Client) -> None:
    well()
    an_outbox_entry(an_event(), parked_at=timezone.now())

    assert reasons(api) == ["parked"]


@pytest.mark.parametrize(
    ("published_s", "moved_s", "stands_still"),
    [(300, 600, True), (300, 100, False), (30, 600, False)],
)
def test_it_says_when_a_group_stands_still_though_there_is_something_to_do(
    api: Client, published_s: float, moved_s: float, stands_still: bool
) -> None:
    now = timezone.now()
    a_heartbeat("relay", beat_at=now)
    a_heartbeat(beat_at=now, name="invoices", progress_at=now - timedelta(seconds=moved_s))
    a_publication(an_event(), published_at=now - timedelta(seconds=published_s))

    assert reasons(api) == (["no-progress"] if stands_still else [])


@pytest.mark.parametrize("topic", ["", "order_invoices"])
def test_a_group_that_is_paused_does_not_stand_still(api: Client, topic: str) -> None:
    now = timezone.now()
    a_heartbeat("relay", beat_at=now)
    a_heartbeat(beat_at=now, name="invoices", progress_at=now - timedelta(seconds=600))
    a_publication(an_event(), published_at=now - timedelta(seconds=300))
    pause = Pause.objects.create(group="invoices", topic=topic, by="somebody", paused_at=now)

    assert reasons(api) == []
    Pause.objects.filter(id=pause.id).update(until=now)
    assert reasons(api) == ["no-progress"]


def test_a_pause_that_nobody_asked_for_is_a_reason(api: Client) -> None:
    well()
    Pause.objects.create(
        group="invoices",
        topic="order_invoices",
        partition=1,
        by="waybill",
        reason="too many dead letters",
        paused_at=timezone.now(),
    )

    [reason] = api.get("/api/v1/health").json()["reasons"]
    assert reason["code"] == "paused-by-waybill"
    assert "too many dead letters" in reason["detail"]


def test_health_is_for_those_who_may_read_something(limited: Client, reader: User) -> None:
    TopicGrant.objects.create(user=reader, topic="*", may_publish=True)
    assert limited.get("/api/v1/health").status_code == 403
    TopicGrant.objects.create(user=reader, topic="order_invoices", may_read=True)
    assert limited.get("/api/v1/health").status_code == 200


def test_orders_need_the_rights_to_their_topic(
    limited: Client, reader: User, api: Client, order: dict[str, Any]
) -> None:
    def place() -> Any:
        return limited.post("/api/v1/orders", order, content_type="application/json")

    address = "/api/v1/orders/1042"
    assert place().status_code == 403
    grant = TopicGrant.objects.create(user=reader, topic="order_invoices", may_publish=True)
    assert place().status_code == 201
    assert limited.get(address).status_code == 404
    grant.may_read = True
    grant.save()
    assert limited.get(address).status_code == 200
    assert limited.get(f"{address}/invoice.pdf").status_code == 403
    grant.may_see_values = True
    grant.save()
    assert limited.get(f"{address}/invoice.pdf").status_code == 200

"""GET /api/v1/events: newest first, page by page, of the topics the caller may read."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.auditing import event_list, lanes
from events.models import Event, TopicGrant
from tests.audit_rows import START, a_publication, an_event, an_outbox_entry, at
from tests.conftest import MakeTopic

pytestmark = pytest.mark.django_db


def ask(api: Client, **parameters: Any) -> Any:
    return api.get(f"/api/v1/events?{urlencode(parameters)}")


def page(api: Client, **parameters: Any) -> tuple[list[str], str | None]:
    answer = ask(api, **parameters)
    assert answer.status_code == 200, answer.content
    return [each["id"] for each in answer.json()["events"]], answer.json()["next"]


def pages(api: Client, **parameters: Any) -> list[str]:
    """Everything, by following `next`."""
    found, following = page(api, **parameters)
    while following:
        more, following = page(api, **{**parameters, "cursor": following})
        found += more
    return found


def ids(*events: Event) -> list[str]:
    return [str(event.pk) for event in events]


def test_events_come_newest_first_in_pages_that_neither_repeat_nor_skip(api: Client) -> None:
    # Many of one moment: the order among them is that of the ids.
    events = [an_event(str(number), accepted_at=at(number // 4)) for number in range(11)]
    wanted = sorted(events, key=lambda event: (event.accepted_at, event.pk), reverse=True)

    first, following = page(api, limit=4)
    an_event(accepted_at=at(99))  # newer ones do not move the later pages
    rest = pages(api, limit=4, cursor=following) if following else []

    assert first + rest == ids(*wanted)
    assert page(api, limit=12)[1] is None


def test_a_record_is_that_of_publishing_without_value_and_headers(api: Client) -> None:
    event = an_event(value=b'{"iban":"SECRET"}')

    [record] = ask(api).json()["events"]

    assert record["id"] == str(event.pk)
    assert record["state"] == "accepted"
    assert record["value_bytes"] == 17
    assert record["value_sha256"] == hashlib.sha256(b'{"iban":"SECRET"}').hexdigest()
    assert record["accepted_at"] == "2026-03-01T12:00:00.000000Z"
    assert record["links"] == {"self": f"/api/v1/events/{event.pk}"}
    assert not {"value", "headers", "value_withheld"} & set(record)


@pytest.mark.parametrize("most", [1, 3, 5_000])
def test_each_filter_narrows_the_list_however_few_rows_a_page_may_look_at(
    api: Client, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "EXAMINED", most)
    rows = [
        an_event(
            f"key {number % 3}",
            topic=f"topic_{number % 2}",
            type=f"a.happened.v{number % 5 + 1}",
            subject=f"about {number % 4}" if number % 4 else "",
            published_by=f"by {number % 7}",
            accepted_at=at(number),
        )
        for number in range(40)
    ]
    for parameters in (
        {},
        {"topic": "topic_1"},
        {"key": "key 2"},
        {"subject": "about 1"},
        {"subject": ""},
        {"type": "a.happened.v3"},
        {"published_by": "by 6"},
        {"topic": "topic_0", "type": "a.happened.v2"},
        {"key": "key 0", "topic": "topic_0", "published_by": "by 6"},
        {"topic": "elsewhere"},
    ):
        wanted = [
            row
            for row in reversed(rows)
            if all(getattr(row, name) == value for name, value in parameters.items())
        ]
        assert pages(api, limit=3, **parameters) == ids(*wanted), parameters
    between = {"accepted_from": at(10).isoformat(), "accepted_before": at(12).isoformat()}
    assert pages(api, **between) == ids(rows[11], rows[10])


@pytest.mark.parametrize("most", [2, 5_000])
@pytest.mark.parametrize("waiting", [0, 10_000])
def test_states_are_told_apart_from_the_small_side_and_from_the_large(
    api: Client, most: int, waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "EXAMINED", most)
    monkeypatch.setattr(event_list, "WAITING", waiting)
    found: dict[str, list[Event]] = {"accepted": [], "published": [], "parked": []}
    for number in range(12):
        event = an_event(str(number), accepted_at=at(number))
        if number % 3 == 0:
            an_outbox_entry(event)
            found["accepted"].insert(0, event)
        elif number % 3 == 1:
            a_publication(event, offset=number)
            found["published"].insert(0, event)
            an_outbox_entry(event, cause="republish", parked_at=at(99))
        else:
            an_outbox_entry(event, parked_at=at(number))
            found["parked"].insert(0, event)

    for state, events in found.items():
        assert pages(api, state=state, limit=2) == ids(*events), state
        assert {row["state"] for row in ask(api, state=state).json()["events"]} <= {state}


@pytest.mark.parametrize("most", [3, 5_000])
def test_a_caller_sees_the_topics_they_may_read_as_one_list(
    limited: Client,
    reader: User,
    make_topic: MakeTopic,
    most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "EXAMINED", most)
    names = [make_topic(create=False) for _ in range(3)]
    TopicGrant.objects.create(user=reader, topic=names[0], may_read=True, may_see_values=True)
    TopicGrant.objects.create(user=reader, topic=f"{names[1][:-1]}*", may_read=True)
    TopicGrant.objects.create(user=reader, topic=names[2], may_publish=True)
    rows = [
        an_event(
            str(number),
            topic=names[number * number % 3 if number < 20 else 0],
            published_by=f"by {number % 2}",
            accepted_at=at(number),
        )
        for number in range(30)
    ]
    mine = [row for row in reversed(rows) if row.topic != names[2]]

    assert pages(limited, limit=4) == ids(*mine)
    odd = [row for row in mine if row.published_by == "by 1"]
    assert pages(limited, limit=4, published_by="by 1") == ids(*odd)
    assert page(limited, topic=names[2]) == ([], None)
    assert page(limited, key=rows[2].key, topic=names[2]) == ([], None)

    records = ask(limited, include="value", limit=30).json()["events"]
    withheld = {record["topic"]: record["value_withheld"] for record in records}
    assert withheld == {names[0]: False, names[1]: True}
    assert not any("value" in each for each in records if each["value_withheld"])
    assert not any("headers" in each for each in records if each["value_withheld"])


def test_a_caller_without_a_grant_sees_nothing(limited: Client) -> None:
    event = an_event()

    assert page(limited) == ([], None)
    assert page(limited, topic=event.topic) == ([], None)


def test_the_list_takes_as_many_queries_for_many_rows_as_for_few(
    api: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        an_event(str(number), accepted_at=START + timedelta(seconds=number))

    with django_assert_max_num_queries(3) as captured:
        assert len(page(api)[0]) == 50
    assert not [query for query in captured.captured_queries if "count(" in query["sql"].lower()]


def test_a_time_may_have_any_offset_that_rfc_3339_has(api: Client) -> None:
    event = an_event("1", accepted_at=START)
    moment = START.isoformat().replace("+00:00", "-00:00")
    far = (START - timedelta(hours=19, minutes=40)).isoformat().replace("+00:00", "-19:40")
    for text in (moment, far):
        assert page(api, accepted_from=text) == (ids(event), None)
        assert page(api, accepted_before=text) == ([], None)
    for text in ("0001-01-01T00:00:00+19:40", "9999-12-31T23:59:59-19:40"):
        assert ask(api, accepted_from=text).status_code == 400

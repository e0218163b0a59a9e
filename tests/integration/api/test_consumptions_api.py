"""GET /api/v1/consumptions: by business name, event, outcome and time, as far as one may read."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.models import TopicGrant
from tests.audit_rows import a_consumption, a_dead_letter, an_attempt, an_event, at
from tests.integration.api.problem_answers import told

pytestmark = pytest.mark.django_db


def ask(api: Client, **parameters: Any) -> Any:
    answer = api.get(f"/api/v1/consumptions?{urlencode(parameters)}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def ids(api: Client, **parameters: Any) -> list[int]:
    return [each["id"] for each in ask(api, **parameters)["consumptions"]]


def test_it_tells_whether_order_1042_was_notified(api: Client) -> None:
    event = an_event()
    row = a_consumption(event, effect_reference="<a@b>")
    a_consumption(event, dedupe_key="notification:invoices:1043")

    found = ask(api, group="notifications", dedupe_key="notification:invoices:1042")

    assert found == {
        "consumptions": [
            {
                "id": row.pk,
                "group": "notifications",
                "dedupe_key": "notification:invoices:1042",
                "generation": None,
                "replay": None,
                "event_id": str(event.pk),
                "source": "/waybill",
                "ce_id": event.ce_id,
                "topic": "order_invoices",
                "partition": 1,
                "offset": 128,
                "handler": "invoices.handlers.send_invoice",
                "outcome": "succeeded",
                "attempts": 1,
                "unknown_count": 0,
                "first_at": "2026-03-01T12:00:00.030000Z",
                "finished_at": "2026-03-01T12:00:00.100000Z",
                "next_attempt_at": None,
                "redriven_at": None,
                "effect_began_at": None,
                "effect_reference": "<a@b>",
                "error": "",
                "links": {
                    "self": f"/api/v1/consumptions/{row.pk}",
                    "waybill": f"/api/v1/events/{event.pk}",
                },
            }
        ],
        "next": None,
    }


def test_each_filter_leaves_only_what_it_asks_for(api: Client) -> None:
    event = an_event()
    first = a_consumption(event, group="a", dedupe_key="1", outcome="unknown", first_at=at(0))
    second = a_consumption(None, group="b", dedupe_key="1", first_at=at(10))
    third = a_consumption(None, group="a", dedupe_key="2", topic="other", first_at=at(20))

    assert ids(api) == [third.pk, second.pk, first.pk]
    assert ids(api, group="a") == [third.pk, first.pk]
    assert ids(api, dedupe_key="1") == [second.pk, first.pk]
    assert ids(api, group="b", dedupe_key="1") == [second.pk]
    assert ids(api, event=event.pk) == [first.pk]
    assert ids(api, topic="other") == [third.pk]
    assert ids(api, outcome="unknown") == [first.pk]
    assert ids(api, outcome="succeeded", group="a") == [third.pk]
    assert ids(api, outcome="unknown", group="b") == []
    assert ids(api, first_from=at(10).isoformat()) == [third.pk, second.pk]
    assert ids(api, first_before=at(10).isoformat()) == [first.pk]
    assert ids(api, event=event.pk, first_from=at(10).isoformat()) == []


def test_pages_follow_one_another_without_gap_or_repetition(api: Client) -> None:
    rows = [
        a_consumption(None, group=f"g{number % 3}", dedupe_key=str(number), outcome="retrying")
        for number in range(7)
    ]

    for filters in ({}, {"outcome": "retrying"}):
        seen: list[int] = []
        following: str | None = ""
        while following is not None:
            more = {"cursor": following} if following else {}
            page = ask(api, limit=3, **filters, **more)
            seen += [each["id"] for each in page["consumptions"]]
            following = page["next"]
        assert seen == [row.pk for row in reversed(rows)]


def test_times_are_found_among_rows_whose_ids_are_not_quite_in_their_order(api: Client) -> None:
    # Two of three transactions took five minutes: their rows are older than those around them.
    times = [at(60 * number - (300 if number % 3 else 0)) for number in range(40)]
    rows = [
        a_consumption(None, dedupe_key=str(number), first_at=time)
        for number, time in enumerate(times)
    ]

    for minute in range(-6, 40):
        moment = at(60 * minute)
        later = [row.pk for row in reversed(rows) if row.first_at >= moment]
        earlier = [row.pk for row in reversed(rows) if row.first_at < moment]
        assert ids(api, first_from=moment.isoformat()) == later, minute
        assert ids(api, first_before=moment.isoformat()) == earlier, minute


def test_one_is_told_with_its_attempts_and_letters(api: Client) -> None:
    event = an_event()
    row = a_consumption(event, attempts=2, effect_payload=b"SECRET", message=b"SECRET")
    an_attempt(event, number=1)
    an_attempt(event, number=2, result="succeeded", error="")
    an_attempt(event, dedupe_key="of another")
    letter = a_dead_letter(event)
    a_dead_letter(event, offset=129)

    answer = api.get(f"/api/v1/consumptions/{row.pk}")

    assert b"SECRET" not in answer.content
    found = answer.json()
    assert (found["id"], found["attempts"]) == (row.pk, 2)
    kept = found["attempts_kept"]
    assert [(each["number"], each["result"]) for each in kept] == [(1, "failed"), (2, "succeeded")]
    assert found["dead_letters"] == [str(letter.pk)]


def test_what_one_may_not_read_is_as_good_as_none(limited: Client, reader: User) -> None:
    mine = a_consumption(None, topic="mine", dedupe_key="1")
    other = a_consumption(None, topic="other", dedupe_key="2")
    assert ids(limited) == []
    TopicGrant.objects.create(user=reader, topic="mine", may_read=True)
    TopicGrant.objects.create(user=reader, topic="other", may_operate=True, may_publish=True)

    assert ids(limited) == [mine.pk]
    assert ids(limited, topic="other") == []
    assert ids(limited, dedupe_key="2") == []
    there = limited.get(f"/api/v1/consumptions/{other.pk}")
    nowhere = limited.get("/api/v1/consumptions/0")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)
    assert limited.get(f"/api/v1/consumptions/{mine.pk}").status_code == 200


@pytest.mark.parametrize("name", ["-1", "x", "9" * 19, "9" * 5_000, f"{0:032}"])
def test_an_id_that_names_nothing_is_a_404(api: Client, name: str) -> None:
    answer = api.get(f"/api/v1/consumptions/{name}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("outcome=lost", "/outcome"),
        ("event=1042", "/event"),
        ("first_from=yesterday", "/first_from"),
        ("dedupe_key=%00", "/dedupe_key"),
        ("group=a&group=b", "/group"),
        ("cursor=x", "/cursor"),
        ("cursor=" + "A" * 27, "/cursor"),
        ("cursor=" + "A" * 48, "/cursor"),
        ("page=2", "/page"),
    ],
)
def test_a_wrong_query_is_a_400_that_names_the_parameter(
    api: Client, query: str, pointer: str
) -> None:
    answer = api.get(f"/api/v1/consumptions?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_cursor_is_of_no_use_for_another_query(api: Client) -> None:
    for number in range(3):
        a_consumption(None, dedupe_key=str(number))
    cursor = ask(api, limit=1)["next"]

    assert len(ids(api, cursor=cursor)) == 2
    answer = api.get(f"/api/v1/consumptions?group=notifications&cursor={cursor}")
    assert answer.json()["errors"][0]["pointer"] == "/cursor"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(api: Client, method: str) -> None:
    for address in ("consumptions", "consumptions/1"):
        answer = getattr(api, method)(f"/api/v1/{address}")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_strangers_are_told_nothing() -> None:
    for address in ("consumptions", "consumptions/1"):
        assert Client().get(f"/api/v1/{address}").status_code == 401

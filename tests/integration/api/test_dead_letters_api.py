"""GET /api/v1/dead-letters: the list, the kinds of what is open, and one with its lineage."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.auditing import dead_letter_list
from events.models import TopicGrant
from tests.audit_rows import a_dead_letter, an_event, at
from tests.integration.api.problem_answers import told

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/dead-letters"


def ask(api: Client, **parameters: Any) -> Any:
    answer = api.get(f"{ADDRESS}?{urlencode(parameters)}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def ids(api: Client, **parameters: Any) -> list[str]:
    return [each["id"] for each in ask(api, **parameters)["dead_letters"]]


def test_a_letter_is_listed_without_its_bytes(api: Client) -> None:
    event = an_event()
    letter = a_dead_letter(event, value=b"SECRET", key=b"SECRET", headers=[["SECRET", None]])

    [found] = ask(api)["dead_letters"]

    assert "SECRET" not in str(found)
    assert found == {
        "id": str(letter.pk),
        "group": "notifications",
        "topic": "order_invoices",
        "partition": 1,
        "offset": 128,
        "state": "open",
        "event_id": str(event.pk),
        "source": "",
        "ce_id": "",
        "type": "",
        "dedupe_key": "",
        "handler": "invoices.handlers.send_invoice",
        "generation": None,
        "replay": None,
        "attempts": 4,
        "exception": "invoices.errors.NoTaxRate",
        "error": "no rate for XX",
        "value_bytes": 6,
        "recorded_at": None,
        "created_at": "2026-03-01T12:00:09.000000Z",
        "changed_at": "2026-03-01T12:00:09.000000Z",
        "reason": "",
        "result": "",
        "parent": None,
        "links": {"self": f"{ADDRESS}/{letter.pk}", "waybill": f"/api/v1/events/{event.pk}"},
    }


def test_each_filter_leaves_only_what_it_asks_for(api: Client) -> None:
    fields: list[dict[str, Any]] = [
        {"group": "a", "type": "x.happened", "state": "open"},
        {"group": "b", "topic": "other", "exception": "Boom", "state": "held"},
        {"group": "a", "handler": "h", "state": "redriven"},
    ]
    one, two, three = (
        str(a_dead_letter(None, offset=number, created_at=at(number), **each).pk)
        for number, each in enumerate(fields)
    )

    assert ids(api) == [three, two, one]
    assert ids(api, group="a") == [three, one]
    assert ids(api, topic="other") == [two]
    assert ids(api, exception="Boom") == [two]
    assert ids(api, handler="h") == [three]
    assert ids(api, type="x.happened") == [one]
    assert ids(api, state="held") == [two]
    assert ids(api, state="open", group="b") == []
    assert ids(api, created_from=at(1).isoformat()) == [three, two]
    assert ids(api, created_before=at(1).isoformat()) == [one]


def test_pages_follow_one_another_across_states_and_equal_times(api: Client) -> None:
    states = ["open", "redriven", "held", "discarded"]
    letters = [
        a_dead_letter(None, offset=number, state=states[number % 4], created_at=at(number // 3))
        for number in range(10)
    ]
    letters.sort(key=lambda letter: (letter.created_at, letter.pk), reverse=True)

    for filters in ({}, {"group": "notifications"}):
        seen: list[str] = []
        following: str | None = ""
        while following is not None:
            page = ask(api, limit=3, **filters, **({"cursor": following} if following else {}))
            seen += [each["id"] for each in page["dead_letters"]]
            following = page["next"]
        assert seen == [str(letter.pk) for letter in letters]


def test_one_is_told_with_its_traceback_and_its_lineage(api: Client) -> None:
    first = a_dead_letter(None, state="redriven", result="failed again")
    child = a_dead_letter(None, parent=first, created_at=at(20))

    whole = api.get(f"{ADDRESS}/{first.pk}").json()

    assert (whole["result"], whole["parent"]) == ("failed again", None)
    assert whole["traceback"] == "Traceback: NoTaxRate"
    assert whole["children"] == [
        {
            "id": str(child.pk),
            "state": "open",
            "created_at": "2026-03-01T12:00:20.000000Z",
            "result": "",
        }
    ]
    assert "value" not in whole
    assert api.get(f"{ADDRESS}/{child.pk}").json()["parent"] == str(first.pk)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"key": b"k", "value": b'{"a": 1.0}'}, {"key": "k", "value": '{"a": 1.0}'}),
        ({"key": b"\xff", "value": b"\xff\x00"}, {"key_base64": "/w==", "value_base64": "/wA="}),
        ({"key": None, "value": None}, {"key": None, "value": None}),
        ({"key": b"", "value": b""}, {"key": "", "value": ""}),
    ],
)
def test_bytes_are_text_where_they_are_utf_8_and_base64_where_not(
    api: Client, fields: dict[str, Any], shown: dict[str, Any]
) -> None:
    letter = a_dead_letter(None, headers=[["a", "YQ=="], ["b", None], ["a", "/w=="]], **fields)

    found = api.get(f"{ADDRESS}/{letter.pk}?include=value").json()

    names = {"key", "key_base64", "value", "value_base64"}
    assert {name: found[name] for name in names & set(found)} == shown
    assert found["value_withheld"] is False
    assert found["headers"] == [
        {"name": "a", "value": "a"},
        {"name": "b", "value": None},
        {"name": "a", "value_base64": "/w=="},
    ]


def test_bytes_need_a_right_of_their_own(limited: Client, reader: User) -> None:
    letter = a_dead_letter(None, key=b"SECRET", value=b"SECRET", headers=[["SECRET", "U0VDUkVU"]])
    grant = TopicGrant.objects.create(user=reader, topic="order_invoices", may_read=True)
    address = f"{ADDRESS}/{letter.pk}?include=value"

    withheld = limited.get(address)
    assert withheld.json()["value_withheld"] is True
    assert b"SECRET" not in withheld.content
    grant.may_see_values = True
    grant.save()
    assert limited.get(address).json()["key"] == "SECRET"


def test_what_one_may_not_read_is_as_good_as_none(limited: Client, reader: User) -> None:
    mine = a_dead_letter(None, topic="mine")
    other = a_dead_letter(None, topic="other")
    assert ids(limited) == []
    TopicGrant.objects.create(user=reader, topic="mine", may_read=True)
    TopicGrant.objects.create(user=reader, topic="other", may_see_values=True, may_operate=True)

    assert ids(limited) == [str(mine.pk)]
    assert ids(limited, topic="other") == []
    [kind] = limited.get(f"{ADDRESS}/summary").json()["kinds"]
    assert kind["count"] == 1
    there = limited.get(f"{ADDRESS}/{other.pk}")
    nowhere = limited.get(f"{ADDRESS}/{uuid4()}")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)


def test_what_is_open_is_counted_by_its_kind(api: Client) -> None:
    three = [a_dead_letter(None, offset=each, created_at=at(each)) for each in range(3)]
    four = a_dead_letter(
        None, offset=9, group="other", exception="Boom", handler="", created_at=at(5)
    )
    a_dead_letter(None, offset=10, state="redriven")

    found = api.get(f"{ADDRESS}/summary").json()

    assert found == {
        "kinds": [
            {
                "group": "notifications",
                "exception": "invoices.errors.NoTaxRate",
                "handler": "invoices.handlers.send_invoice",
                "count": 3,
                "oldest": "2026-03-01T12:00:00.000000Z",
                "newest": "2026-03-01T12:00:02.000000Z",
                "example": str(three[2].pk),
                "error": "no rate for XX",
            },
            {
                "group": "other",
                "exception": "Boom",
                "handler": "",
                "count": 1,
                "oldest": "2026-03-01T12:00:05.000000Z",
                "newest": "2026-03-01T12:00:05.000000Z",
                "example": str(four.pk),
                "error": "no rate for XX",
            },
        ],
        "is_exact": True,
    }
    [other] = api.get(f"{ADDRESS}/summary?group=other").json()["kinds"]
    assert other["count"] == 1
    assert api.get(f"{ADDRESS}/summary?topic=elsewhere").json()["kinds"] == []


def test_a_summary_says_when_it_did_not_count_all(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        a_dead_letter(None, offset=number, created_at=at(number))
    monkeypatch.setattr(dead_letter_list, "COUNTED", 2)

    found = api.get(f"{ADDRESS}/summary").json()

    assert found["is_exact"] is False
    assert [kind["count"] for kind in found["kinds"]] == [2]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?limit=201", "/limit"),
        ("?state=lost", "/state"),
        ("?created_from=yesterday", "/created_from"),
        ("?exception=%00", "/exception"),
        ("?cursor=x", "/cursor"),
        ("?cursor=" + "A" * 27, "/cursor"),
        ("?include=value", "/include"),
        ("/summary?state=open", "/state"),
        ("/01890000-0000-7000-8000-000000000000?include=all", "/include"),
        ("/01890000-0000-7000-8000-000000000000?state=open", "/state"),
    ],
)
def test_a_wrong_query_is_a_400_that_names_the_parameter(
    api: Client, query: str, pointer: str
) -> None:
    answer = api.get(f"{ADDRESS}{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-parameter")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["x", "1042", "%00", "0189"])
def test_an_id_that_is_none_is_a_404(api: Client, name: str) -> None:
    answer = api.get(f"{ADDRESS}/{name}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_other_methods_are_refused(api: Client, method: str) -> None:
    for address in ("", "/summary", f"/{uuid4()}"):
        answer = getattr(api, method)(f"{ADDRESS}{address}")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


def test_strangers_are_told_nothing() -> None:
    for address in ("", "/summary", f"/{uuid4()}"):
        assert Client().get(f"{ADDRESS}{address}").status_code == 401

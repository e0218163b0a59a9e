"""GET /api/v1/events: values where they are asked for, and wrong queries refused by name."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client

from events.models import TopicGrant
from tests.audit_rows import an_event, at

pytestmark = pytest.mark.django_db


def ask(api: Client, **parameters: Any) -> Any:
    return api.get(f"/api/v1/events?{urlencode(parameters)}")


@pytest.mark.parametrize(
    ("value", "member", "told"),
    [
        (b'{"a": 1.0}', "value", '{"a": 1.0}'),
        ("\x00 é".encode(), "value", "\x00 é"),
        (b"", "value", ""),
        (b"\xff\x00", "value_base64", "/wA="),
        (None, "value", None),
    ],
)
def test_values_are_text_where_they_are_utf_8_and_base64_where_not(
    api: Client, value: bytes | None, member: str, told: str | None
) -> None:
    event = an_event(value=value)

    [listed] = ask(api, include="value").json()["events"]
    single = api.get(f"/api/v1/events/{event.pk}?include=value").json()

    for record in (listed, single):
        assert record[member] == told
        assert record["headers"] == [["tenant", "north"]]
        assert record["value_withheld"] is False
        assert len({"value", "value_base64"} & set(record)) == 1


def test_a_page_of_large_values_ends_early(api: Client) -> None:
    for number in range(4):
        an_event(str(number), value=b"x" * 2_000_000, accepted_at=at(number))

    sizes = []
    following = None
    while True:
        parameters = {"include": "value"} | ({"cursor": following} if following else {})
        answer = ask(api, **parameters).json()
        sizes.append(len(answer["events"]))
        following = answer["next"]
        if not following:
            break
    assert sizes == [2, 2]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=ten", "/limit"),
        ("limit=%D9%A1", "/limit"),
        ("limit=99999999999999999999", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("state=lost", "/state"),
        ("include=everything", "/include"),
        ("accepted_from=yesterday", "/accepted_from"),
        ("accepted_before=2026-01-31T12:00:00", "/accepted_before"),
        ("key=%00", "/key"),
        ("key=" + "x" * 1_025, "/key"),
        ("cursor=", "/cursor"),
        ("cursor=x", "/cursor"),
        ("cursor=" + "A" * 48, "/cursor"),
        ("cursor=" + "%C3%A9" * 48, "/cursor"),
        ("page=2", "/page"),
        ("a~/b=2", "/a~0~1b"),
    ],
)
def test_a_wrong_query_is_a_400_that_names_the_parameter(
    api: Client, query: str, pointer: str
) -> None:
    answer = api.get(f"/api/v1/events?{query}")

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-parameter"
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_cursor_is_of_no_use_changed_or_for_another_query(
    api: Client, limited: Client, reader: User
) -> None:
    for number in range(3):
        an_event(str(number), accepted_at=at(number))
    cursor = ask(api, limit=1, topic="order_invoices").json()["next"]
    TopicGrant.objects.create(user=reader, topic="*", may_read=True)

    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    asked: list[tuple[Client, dict[str, Any]]] = [
        (api, {"topic": "order_invoices", "cursor": changed}),
        (api, {"cursor": cursor}),
        (limited, {"topic": "order_invoices", "cursor": cursor}),
    ]
    for client, parameters in asked:
        assert ask(client, **parameters).json()["errors"][0]["pointer"] == "/cursor"
    more = ask(api, topic="order_invoices", cursor=cursor, limit=2).json()
    assert len(more["events"]) == 2

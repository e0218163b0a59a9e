"""What is done to dead letters over HTTP: by right, audited, once, and looked at beforehand."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_redis import get_redis_connection

from events.api.operating import letter_filter
from events.conf import Waybill
from events.models import ClosedKey, DeadLetter
from tests.audit_rows import a_dead_letter, at
from tests.integration.api.operating_posts import (
    WHY,
    actions,
    audited,
    grant,
    post,
    refused,
)
from tests.integration.api.problem_answers import told

pytestmark = pytest.mark.django_db

TOPIC = "order_invoices"
REASON = {"reason": WHY}
LETTERS = "dead-letters"
State = DeadLetter.State
ACTIONS = ("redrive", "discard")


def a_letter(**fields: Any) -> DeadLetter:
    """A letter that its group could handle, were it handed back."""
    row = {
        "group": "invoices",
        "source": "/waybill",
        "ce_id": "1",
        "type": "invoice.requested",
        "dedupe_key": "notification:invoices:1042",
        "value": b'{"order_id":"1042"}',
        "headers": stored(HEADERS),
        **fields,
    }
    return a_dead_letter(None, **row)


HEADERS = {
    "ce_id": "1",
    "ce_source": "/waybill",
    "ce_type": "invoice.requested",
    "ce_specversion": "1.0",
    "content-type": "application/json",
}


def stored(headers: dict[str, str]) -> list[list[str]]:
    return [[name, base64.b64encode(value.encode()).decode()] for name, value in headers.items()]


def state(letter: DeadLetter) -> str:
    letter.refresh_from_db()
    return letter.state


def test_a_letter_is_handed_back(api: Client) -> None:
    letter = a_letter()

    answer = post(api, f"{LETTERS}/{letter.pk}/redrive", REASON, **{"X-Request-ID": "request-7"})

    assert answer.status_code == 202
    assert answer.json() == {
        "dry_run": False,
        "id": str(letter.pk),
        "redrives": str(letter.pk),
        "released_key": False,
        "links": {"self": f"/api/v1/dead-letters/{letter.pk}"},
    }
    assert state(letter) == State.REDRIVING
    assert letter.reason == WHY
    audited("caller", "redrive", letter.pk)


def test_a_letter_that_closed_its_key_releases_it(api: Client) -> None:
    letter = a_letter()
    key = ClosedKey.objects.create(
        group="invoices", topic=TOPIC, key=b"1042", cause="quarantined", by="waybill",
        closed_at=timezone.now(), head=letter,
    )  # fmt: skip

    answer = post(api, f"{LETTERS}/{letter.pk}/redrive", REASON)

    assert (answer.status_code, answer.json()["released_key"]) == (202, True)
    assert state(letter) == State.HELD
    key.refresh_from_db()
    assert key.released_at is not None


@pytest.mark.parametrize(
    ("edit", "value"),
    [
        ('"value": {"order_id":  "1042"}', b'{"order_id":  "1042"}'),
        ('"value_base64": "eyJvcmRlcl9pZCI6ICIxMDQyIn0="', b'{"order_id": "1042"}'),
    ],
)
def test_an_edited_letter_goes_back_as_its_child(api: Client, edit: str, value: bytes) -> None:
    letter = a_letter(value=b"{}")
    body = f'{{{edit}, "reason": "{WHY}"}}'.encode()

    answer = post(api, f"{LETTERS}/{letter.pk}/redrive", body)

    assert answer.status_code == 202, answer.content
    child = DeadLetter.objects.get(parent=letter)
    assert answer.json()["redrives"] == str(child.pk)
    assert (child.state, bytes(child.value or b"")) == (State.REDRIVING, value)
    assert child.headers == letter.headers
    assert state(letter) == State.REDRIVEN
    assert actions() == [("caller", "edit_and_redrive", str(letter.pk), True)]


def test_headers_are_edited_as_they_are_shown(api: Client) -> None:
    letter = a_letter(headers=[])
    headers: list[dict[str, str | None]] = [
        {"name": name, "value": value} for name, value in HEADERS.items()
    ]
    headers += [{"name": "raw", "value_base64": "/w=="}, {"name": "none", "value": None}]

    answer = post(api, f"{LETTERS}/{letter.pk}/redrive", {**REASON, "headers": headers})

    assert answer.status_code == 202, answer.content
    child = api.get(f"/api/v1/{LETTERS}/{answer.json()['redrives']}?include=value").json()
    assert child["headers"] == headers


def test_an_edit_is_looked_at_beforehand(api: Client) -> None:
    letter = a_letter(value=b"{}")
    good = {"value": {"order_id": "1042"}, "dry_run": True}
    bad = {"value_base64": "bm8=", "dry_run": True}

    looked_at = post(api, f"{LETTERS}/{letter.pk}/redrive", good)
    refusable = post(api, f"{LETTERS}/{letter.pk}/redrive", bad).json()

    assert looked_at.status_code == 200, looked_at.content
    preview = looked_at.json()
    assert preview["dedupe_key"] == "notification:invoices:1042"
    assert (preview["before"]["value"], preview["problems"]) == ("{}", [])
    assert preview["after"]["value"] == '{"order_id": "1042"}'
    assert preview["after"]["headers"] == preview["before"]["headers"]
    assert refusable["problems"]
    assert state(letter) == State.OPEN
    assert actions() == [("caller", "reveal", str(letter.pk), True)] * 2  # it shows the letter


@pytest.mark.parametrize(
    "edit",
    [
        {"value": "no object"},
        {"value": None},
        {"value_base64": "bm8="},
        {"value": {"order_id": "7"}},
    ],
)
def test_an_edit_that_its_group_could_not_handle_is_refused(
    api: Client, edit: dict[str, Any]
) -> None:
    letter = a_letter()

    problem = refused(
        post(api, f"{LETTERS}/{letter.pk}/redrive", {**REASON, **edit}),
        status=422,
        code="edit-refused",
    )

    assert problem["errors"]
    assert state(letter) == State.OPEN
    assert not DeadLetter.objects.filter(parent=letter).exists()
    assert actions() == []


@pytest.mark.parametrize("body", [REASON, {**REASON, "value": {"order_id": "1042"}}])
@pytest.mark.parametrize("now", ["held", "redriving", "redriven", "discarded"])
def test_a_letter_that_is_not_open_is_not_handed_back(
    api: Client, now: str, body: dict[str, Any]
) -> None:
    letter = a_letter(state=now)

    for more in ({}, {"dry_run": True}):
        answer = post(api, f"{LETTERS}/{letter.pk}/redrive", {**body, **more})
        problem = refused(answer, status=409, code="letter-not-open")
        assert problem["detail"].startswith("This letter ")
    assert state(letter) == now


def test_a_letter_whose_group_takes_it_no_longer_is_not_handed_back(api: Client) -> None:
    letter = a_letter(group="long-gone")

    answer = post(api, f"{LETTERS}/{letter.pk}/redrive", REASON)

    assert "subscribes" in refused(answer, status=409, code="redrive-refused")["detail"]


@pytest.mark.parametrize("now", ["open", "held"])
def test_a_letter_is_discarded(api: Client, now: str) -> None:
    letter = a_letter(state=now)
    looked_at = post(api, f"{LETTERS}/{letter.pk}/discard", {"dry_run": True})
    assert (looked_at.status_code, looked_at.json()["dry_run"]) == (200, True)
    assert state(letter) == now

    answer = post(api, f"{LETTERS}/{letter.pk}/discard", REASON, **{"X-Request-ID": "request-7"})

    assert answer.status_code == 200
    assert answer.json() == {
        "dry_run": False,
        "id": str(letter.pk),
        "leaves_key_closed": False,
        "links": {"self": f"/api/v1/dead-letters/{letter.pk}"},
    }
    assert state(letter) == State.DISCARDED
    audited("caller", "discard", letter.pk)
    again = post(api, f"{LETTERS}/{letter.pk}/discard", REASON)
    refused(again, status=409, code="letter-not-open")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/reason"]),
        ({"reason": None}, ["/reason"]),
        ({**REASON, "dry_run": "yes"}, ["/dry_run"]),
        ({"dry_run": True, "reason": 1}, ["/reason"]),
        ({**REASON, "value": 1, "value_base64": "YQ=="}, ["/value_base64"]),
        ({**REASON, "value_base64": "?"}, ["/value_base64"]),
        ({**REASON, "value_base64": 1}, ["/value_base64"]),
        ({**REASON, "headers": {}}, ["/headers"]),
        ({**REASON, "headers": ["a"]}, ["/headers/0"]),
        ({**REASON, "headers": [{"value": "a"}]}, ["/headers/0/name"]),
        ({**REASON, "headers": [{"name": "", "value": "a"}]}, ["/headers/0/name"]),
        ({**REASON, "headers": [{"name": "a", "value": 1}]}, ["/headers/0/value"]),
        ({**REASON, "headers": [{"name": "a", "more": 1}]}, ["/headers/0/more"]),
        ({**REASON, "key": "a"}, ["/key"]),
        (1, [""]),
    ],
)
def test_a_redrive_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, body: object, pointers: list[str]
) -> None:
    letter = a_letter()
    answer = post(api, f"{LETTERS}/{letter.pk}/redrive", body)
    refused(answer, status=422, code="invalid", pointers=pointers)
    assert state(letter) == State.OPEN


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (REASON, [""]),
        ({"group": "invoices"}, ["/reason"]),
        ({**REASON, "group": ""}, ["/group"]),
        ({**REASON, "group": 1}, ["/group"]),
        ({**REASON, "group": None}, [""]),
        ({**REASON, "created_from": "yesterday"}, ["/created_from"]),
        ({**REASON, "created_before": "0001-01-01T00:00:00+14:00"}, ["/created_before"]),
        ({**REASON, "key": "a", "key_base64": "YQ=="}, ["/key_base64"]),
        ({**REASON, "group": "a", "limit": 0}, ["/limit"]),
        ({**REASON, "group": "a", "limit": 5_001}, ["/limit"]),
        ({**REASON, "group": "a", "limit": 1.5}, ["/limit"]),
        ({**REASON, "group": "a", "ids": []}, ["/ids"]),
        ({**REASON, "group": "a", "state": "held"}, ["/state"]),
    ],
)
def test_a_filter_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, body: object, pointers: list[str]
) -> None:
    letter = a_letter()
    for action in ACTIONS:
        answer = post(api, f"{LETTERS}/{action}", body)
        refused(answer, status=422, code="invalid", pointers=pointers)
    assert state(letter) == State.OPEN


def test_bad_bodies_are_refused_everywhere(api: Client) -> None:
    letter = a_letter()
    for address in (f"{LETTERS}/{letter.pk}/", f"{LETTERS}/"):
        for action in ACTIONS:
            where = f"{address}{action}"
            for body in (b"", b'{"reason": "\\u0000"}', b"[" * 5_000):
                refused(post(api, where, body), status=400, code="malformed-json")
            huge = {"reason": WHY, "value": "x" * 1_300_000}
            refused(post(api, where, huge), status=413, code="too-large")
            form = api.post(f"/api/v1/{where}", {"reason": WHY})
            refused(form, status=415, code="unsupported-media-type")
    assert state(letter) == State.OPEN


def test_a_filter_hands_back_what_it_names_and_says_what_it_would(api: Client) -> None:
    ours = [a_letter(offset=number) for number in range(3)]
    others = [
        a_letter(offset=10, exception="Boom"),
        a_letter(offset=11, state="held"),
        a_letter(offset=12, created_at=at(100)),
    ]
    body = {
        **REASON,
        "group": "invoices",
        "exception": "invoices.errors.NoTaxRate",
        "created_before": at(50).isoformat(),
    }

    looked_at = post(api, f"{LETTERS}/redrive", {**body, "dry_run": True, "reason": None})
    assert looked_at.status_code == 200, looked_at.content
    assert looked_at.json() == {
        "dry_run": True,
        "count": 3,
        "released_keys": 0,
        "by_exception": {"invoices.errors.NoTaxRate": 3},
        "groups": ["invoices"],
        "left": [],
        "is_cut": False,
    }
    assert [state(letter) for letter in ours] == [State.OPEN] * 3
    assert actions() == []

    done = post(api, f"{LETTERS}/redrive", body, **{"X-Request-ID": "request-7"})
    assert (done.status_code, done.json()) == (202, looked_at.json() | {"dry_run": False})
    assert [state(letter) for letter in ours] == [State.REDRIVING] * 3
    assert [state(letter) for letter in others] == ["open", "held", "open"]
    audited("caller", "redrive", "invoices")


def test_a_filter_discards_what_it_names(api: Client) -> None:
    ours = [a_letter(offset=number, key=b"\xff") for number in range(2)]
    held = a_letter(offset=5, key=b"\xff", state="held")
    other = a_letter(offset=6)
    by_group = {**REASON, "group": "invoices", "dry_run": True}
    assert post(api, f"{LETTERS}/discard", by_group).json()["count"] == 3

    answer = post(api, f"{LETTERS}/discard", {**REASON, "key_base64": "/w=="})

    assert answer.status_code == 200
    assert answer.json() == {
        "dry_run": False,
        "count": 3,
        "closed_keys": 0,
        "by_exception": {"invoices.errors.NoTaxRate": 3},
        "left": [],
        "is_cut": False,
    }
    assert {state(letter) for letter in (*ours, held)} == {State.DISCARDED}
    assert state(other) == State.OPEN


def test_a_filter_takes_so_many_at_a_time_the_oldest_first(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = [a_letter(offset=number) for number in range(4)]
    body = {**REASON, "group": "invoices"}

    first = post(api, f"{LETTERS}/redrive", {**body, "limit": 1}).json()
    monkeypatch.setattr(letter_filter, "MOST", 2)
    second, third = (post(api, f"{LETTERS}/redrive", body).json() for _ in range(2))

    assert [(each["count"], each["is_cut"]) for each in (first, second, third)] == [
        (1, True),
        (2, True),
        (1, False),
    ]
    assert [state(letter) for letter in letters] == [State.REDRIVING] * 4


def test_a_letter_one_may_not_read_is_as_good_as_none(limited: Client, reader: User) -> None:
    letter = a_letter()
    grant(reader, TOPIC, "operate", "see_values", "publish")

    for action in ACTIONS:
        there = post(limited, f"{LETTERS}/{letter.pk}/{action}", REASON)
        nowhere = post(limited, f"{LETTERS}/{uuid4()}/{action}", REASON)
        assert (there.status_code, nowhere.status_code) == (404, 404)
        assert told(there) == told(nowhere)
    assert state(letter) == State.OPEN
    assert actions() == []


def test_a_reader_is_refused_and_the_refusal_is_audited(limited: Client, reader: User) -> None:
    letter = a_letter()
    grant(reader, TOPIC, "read", "see_values")
    for action in ACTIONS:
        for body in (REASON, b"{"):
            answer = post(limited, f"{LETTERS}/{letter.pk}/{action}", body)
            refused(answer, status=403, code="forbidden")
        for body in ({**REASON, "group": "invoices"}, {**REASON, "topic": TOPIC}):
            refused(post(limited, f"{LETTERS}/{action}", body), status=403, code="forbidden")

    assert actions() == [
        ("reader", action, target, False)
        for action in ACTIONS
        for target in (str(letter.pk), str(letter.pk), "*", "*")
    ]
    assert state(letter) == State.OPEN


def test_a_filter_reaches_only_what_one_may_read_and_operate_on(
    limited: Client, reader: User
) -> None:
    mine = a_letter(offset=1)
    unread = a_letter(offset=2, topic="unread")
    unmoved = a_letter(offset=3, topic="unmoved")
    grant(reader, TOPIC, "read", "operate")
    grant(reader, "unread", "operate")
    grant(reader, "unmoved", "read")

    for topic in ("unread", "nowhere"):
        answer = post(limited, f"{LETTERS}/discard", {**REASON, "topic": topic})
        assert (answer.status_code, answer.json()["count"]) == (200, 0)
    refused(
        post(limited, f"{LETTERS}/discard", {**REASON, "topic": "unmoved"}),
        status=403,
        code="forbidden",
    )
    answer = post(limited, f"{LETTERS}/discard", {**REASON, "group": "invoices"})
    assert answer.json()["count"] == 1
    assert [state(each) for each in (mine, unread, unmoved)] == ["discarded", "open", "open"]


def test_to_edit_needs_the_right_to_see_values_too(limited: Client, reader: User) -> None:
    letter = a_letter(value=b"SECRET")
    given = grant(reader, TOPIC, "read", "operate")
    edit = {**REASON, "value": {"order_id": "1042"}}

    for more in ({}, {"dry_run": True}):
        answer = post(limited, f"{LETTERS}/{letter.pk}/redrive", {**edit, **more})
        refused(answer, status=403, code="forbidden")
        assert b"SECRET" not in answer.content
    assert [allowed for *_, allowed in actions()] == [False, False]
    given.may_see_values = True
    given.save()
    assert post(limited, f"{LETTERS}/{letter.pk}/redrive", edit).status_code == 202


def test_a_repeated_request_is_carried_out_once(api: Client) -> None:
    letter, other = a_letter(offset=1), a_letter(offset=2)
    key = {"Idempotency-Key": "one"}
    address = f"{LETTERS}/{letter.pk}/redrive"

    first, again = post(api, address, REASON, **key), post(api, address, REASON, **key)
    filtered = [
        post(
            api, f"{LETTERS}/redrive", {**REASON, "group": "invoices"}, **{"Idempotency-Key": "2"}
        )
        for _ in range(2)
    ]

    assert (again.status_code, again.content) == (202, first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert filtered[1].content == filtered[0].content
    assert filtered[0].json()["count"] == 1
    assert state(other) == State.REDRIVING
    assert len(actions()) == 2
    # What could not be done is not kept: it may be possible later.
    late = {"Idempotency-Key": "three"}
    refused(post(api, address, REASON, **late), status=409, code="letter-not-open")
    DeadLetter.objects.filter(pk=letter.pk).update(state="open")
    assert post(api, address, REASON, **late).status_code == 202


def test_operating_is_throttled_by_a_scope_of_its_own(
    api: Client, waybill_settings: Callable[..., Waybill]
) -> None:
    redis = get_redis_connection("throttle")
    waybill_settings(throttle_operate="1/1h")
    letter = a_letter()
    for address in (f"{LETTERS}/{letter.pk}/", f"{LETTERS}/"):
        for action in ACTIONS:
            redis.flushdb()
            answers = [post(api, f"{address}{action}", {}) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [422, 429]
            assert answers[0]["RateLimit-Policy"] == '"operate";q=1;w=3600'
    redis.flushdb()


def test_other_methods_and_strangers_are_refused(api: Client) -> None:
    for address in (f"{LETTERS}/{uuid4()}/", f"{LETTERS}/"):
        for action in ACTIONS:
            for method in ("get", "put", "patch", "delete"):
                answer = getattr(api, method)(f"/api/v1/{address}{action}")
                assert (answer.status_code, answer["Allow"]) == (405, "POST")
            assert post(Client(), f"{address}{action}", REASON).status_code == 401

"""POST /api/v1/consumptions/{id}/resolve: what nobody knows is settled, by right and audited."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django_redis import get_redis_connection

from events.conf import Waybill
from events.consuming.kept_message import packed
from events.kafka.record import Record
from events.models import Consumption, DeadLetter
from tests.audit_rows import a_consumption
from tests.integration.api.operating_posts import WHY, actions, audited, grant, post, refused
from tests.integration.api.problem_answers import told

pytestmark = pytest.mark.django_db

TOPIC = "order_invoices"
REASON = {"reason": WHY}


def an_unknown(**fields: Any) -> Consumption:
    record = Record(TOPIC, 1, 128, b"1042", b'{"order_id": "1042"}', (), None)
    row = {
        "group": "invoices",
        "outcome": "unknown",
        "effect_reference": "<a@b>",
        "effect_payload": b"SECRET",
        "message": packed(record),
        "finished_at": None,
        **fields,
    }
    return a_consumption(None, **row)


def address(row: Consumption) -> str:
    return f"consumptions/{row.pk}/resolve"


def test_it_happened(api: Client) -> None:
    row = an_unknown()

    answer = post(api, address(row), {**REASON, "as": "done"}, **{"X-Request-ID": "request-7"})

    assert answer.status_code == 200, answer.content
    resolved = answer.json()
    consumption = resolved.pop("consumption")
    assert resolved == {
        "dry_run": False,
        "as": "done",
        "reference": "<a@b>",
        "payload_bytes": 6,
    }
    assert (consumption["id"], consumption["outcome"]) == (row.pk, "succeeded")
    row.refresh_from_db()
    assert (row.outcome, row.message, row.effect_payload) == ("succeeded", None, None)
    audited("caller", "resolve", row.pk)


def test_it_is_done_once_more(api: Client) -> None:
    row = an_unknown()

    answer = post(api, address(row), {**REASON, "as": "resend"})

    assert answer.status_code == 202, answer.content
    assert answer.json()["consumption"]["outcome"] == "retrying"
    letter = DeadLetter.objects.get()
    assert (letter.state, bytes(letter.key or b"")) == ("redriving", b"1042")
    again = post(api, address(row), {**REASON, "as": "done"})
    refused(again, status=409, code="not-unknown")


@pytest.mark.parametrize("how", ["done", "resend"])
def test_it_is_looked_at_beforehand(api: Client, how: str) -> None:
    row = an_unknown()

    answer = post(api, address(row), {"as": how, "dry_run": True})

    assert answer.status_code == 200
    assert (answer.json()["as"], answer.json()["dry_run"]) == (how, True)
    assert b"SECRET" not in answer.content
    row.refresh_from_db()
    assert row.outcome == "unknown"
    assert not DeadLetter.objects.exists()
    assert actions() == []


@pytest.mark.parametrize("outcome", ["started", "succeeded", "retrying", "dead_lettered"])
def test_only_what_is_unknown_can_be_resolved(api: Client, outcome: str) -> None:
    row = an_unknown(outcome=outcome)

    for more in ({}, {"dry_run": True}):
        answer = post(api, address(row), {**REASON, "as": "done", **more})
        problem = refused(answer, status=409, code="not-unknown")
        assert outcome in problem["detail"]
    row.refresh_from_db()
    assert row.outcome == outcome


def test_what_was_not_kept_cannot_be_done_again(api: Client) -> None:
    row = an_unknown(message=None)

    answer = post(api, address(row), {**REASON, "as": "resend"})

    refused(answer, status=409, code="resolve-refused")
    assert post(api, address(row), {**REASON, "as": "done"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (REASON, ["/as"]),
        ({"as": "done"}, ["/reason"]),
        ({**REASON, "as": "again"}, ["/as"]),
        ({**REASON, "as": None}, ["/as"]),
        ({**REASON, "as": "done", "dry_run": 1}, ["/dry_run"]),
        ({**REASON, "as": "done", "group": "invoices"}, ["/group"]),
        ("done", [""]),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_a_pointer(
    api: Client, body: object, pointers: list[str]
) -> None:
    row = an_unknown()
    refused(post(api, address(row), body), status=422, code="invalid", pointers=pointers)


def test_bad_bodies_and_ids_are_refused(api: Client) -> None:
    row = an_unknown()
    refused(post(api, address(row), b"{"), status=400, code="malformed-json")
    refused(post(api, address(row), b'{"as": "\\u0000"}'), status=400, code="malformed-json")
    refused(post(api, address(row), {"as": "x" * 70_000}), status=413, code="too-large")
    form = api.post(f"/api/v1/{address(row)}", REASON)
    refused(form, status=415, code="unsupported-media-type")
    for name in ("0", "9" * 19, "x", str(uuid4())):
        answer = post(api, f"consumptions/{name}/resolve", {**REASON, "as": "done"})
        refused(answer, status=404, code="not-found")


def test_it_needs_the_right_to_operate(limited: Client, reader: User) -> None:
    row = an_unknown()
    body = {**REASON, "as": "done"}
    given = grant(reader, TOPIC, "operate")
    there, nowhere = (
        post(limited, address(row), body),
        post(limited, "consumptions/0/resolve", body),
    )
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert told(there) == told(nowhere)
    assert actions() == []

    given.may_read, given.may_operate = True, False
    given.save()
    answer = post(limited, address(row), body, **{"X-Request-ID": "request-7"})
    refused(answer, status=403, code="forbidden")
    audited("reader", "resolve", row.pk, allowed=False)
    row.refresh_from_db()
    assert row.outcome == "unknown"


def test_a_repeated_request_is_carried_out_once(api: Client) -> None:
    row = an_unknown()
    body, key = {**REASON, "as": "resend"}, {"Idempotency-Key": "one"}

    first, again = post(api, address(row), body, **key), post(api, address(row), body, **key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    assert DeadLetter.objects.count() == 1


def test_throttles_methods_and_strangers(
    api: Client, waybill_settings: Callable[..., Waybill]
) -> None:
    row = an_unknown()
    for method in ("get", "put", "patch", "delete"):
        answer = getattr(api, method)(f"/api/v1/{address(row)}")
        assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert post(Client(), address(row), REASON).status_code == 401
    get_redis_connection("throttle").flushdb()
    waybill_settings(throttle_operate="1/1h")
    answers = [post(api, address(row), {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 429]
    assert answers[0]["RateLimit-Policy"] == '"operate";q=1;w=3600'
    get_redis_connection("throttle").flushdb()

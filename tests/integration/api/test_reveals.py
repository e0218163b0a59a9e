"""Values shown over HTTP: each look at one is in the audit before the bytes are sent."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from events.models import DeadLetter, OperatorAction
from events.operating.operator import Operator
from events.operating.revealing import reveal
from tests.audit_rows import a_dead_letter, an_event, at
from tests.integration.api.operating_posts import WHY, grant, post
from tests.integration.api.test_letter_actions_api import a_letter

pytestmark = pytest.mark.django_db

SECRET = b'{"iban": "SECRET"}'
INCLUDED = "asked for by include=value"


def reveals() -> list[tuple[str, str, str, str]]:
    """What the audit holds of reveals: who, of what, why."""
    rows = OperatorAction.objects.filter(action="reveal", allowed=True).order_by("target_id")
    return [(row.actor, row.target_type, row.target_id, row.reason) for row in rows]


def addresses() -> tuple[list[str], list[tuple[str, str, str, str]]]:
    """Where one event's and one letter's values are shown, and the rows each leaves."""
    event, letter = an_event(value=SECRET), a_dead_letter(None, value=SECRET)
    return (
        ["/api/v1/events", f"/api/v1/events/{event.pk}", f"/api/v1/dead-letters/{letter.pk}"],
        [
            ("caller", "event", str(event.pk), INCLUDED),
            ("caller", "event", str(event.pk), INCLUDED),
            ("caller", "dead_letter", str(letter.pk), INCLUDED),
        ],
    )


def test_each_look_at_a_value_is_in_the_audit(api: Client) -> None:
    where, rows = addresses()

    for address, row in zip(where, rows, strict=True):
        before = reveals()
        assert b"SECRET" not in api.get(address).content
        assert reveals() == before  # what is not shown leaves no row

        shown = api.get(f"{address}?include=value", headers={"X-Request-ID": "request-7"})

        assert b"SECRET" in shown.content
        assert sorted(reveals()) == sorted([*before, row])
    for action in OperatorAction.objects.all():
        assert (action.origin, action.request_id) == ("127.0.0.1", "request-7")


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_written_down_is_not_shown(api: Client) -> None:
    where, _ = addresses()
    with connection.cursor() as cursor:  # a full disk, a standby: read only for what comes
        cursor.execute("SET default_transaction_read_only = on")
    try:
        answers = [api.get(f"{address}?include=value") for address in where]
        others = [api.get(address) for address in where]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")

    assert [answer.status_code for answer in answers] == [503] * 3
    assert not any(b"SECRET" in answer.content for answer in answers)
    assert [answer.status_code for answer in others] == [200] * 3
    assert reveals() == []


def test_only_what_the_caller_may_see_is_shown_and_written_down(
    limited: Client, reader: User
) -> None:
    mine = an_event(topic="mine")
    other = an_event(topic="other", value=SECRET)
    letter = a_dead_letter(None, topic="other", value=SECRET)
    grant(reader, "mine", "read", "see_values")
    grant(reader, "other", "read")

    answers: list[Any] = [
        limited.get(f"/api/v1/{address}?include=value")
        for address in ("events", f"events/{other.pk}", f"dead-letters/{letter.pk}")
    ]

    assert not any(b"SECRET" in answer.content for answer in answers)
    withheld = {row["id"]: row["value_withheld"] for row in answers[0].json()["events"]}
    assert withheld == {str(mine.pk): False, str(other.pk): True}
    assert reveals() == [("reader", "event", str(mine.pk), INCLUDED)]


def test_a_page_of_values_is_written_down_in_one_statement(api: Client) -> None:
    events = [an_event(str(number), accepted_at=at(number)) for number in range(100)]

    with CaptureQueriesContext(connection) as asked:
        page = api.get("/api/v1/events?include=value&limit=100").json()["events"]

    written = [query for query in asked if "INSERT" in query["sql"]]
    assert len(page) == 100
    assert len(written) == 1, [query["sql"][:80] for query in written]
    assert {target for _, _, target, _ in reveals()} == {str(event.pk) for event in events}


@pytest.mark.parametrize(
    ("more", "reason"), [({}, "asked for by the preview of an edit"), ({"reason": WHY}, WHY)]
)
def test_the_preview_of_an_edit_shows_the_letter_and_is_written_down_each_time(
    api: Client, more: dict[str, str], reason: str
) -> None:
    letter = a_letter(value=SECRET)
    address = f"dead-letters/{letter.pk}/redrive"
    edit = {"value": {"order_id": "1042"}, "dry_run": True, **more}

    first = post(api, address, edit, **{"Idempotency-Key": "one"})
    again = post(api, address, edit, **{"Idempotency-Key": "one"})

    assert (first.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert b"SECRET" in first.content
    assert reveals() == [("caller", "dead_letter", str(letter.pk), reason)] * 2
    assert post(api, address, {"dry_run": True}).status_code == 200
    assert len(reveals()) == 2  # without an edit nothing of the message is shown
    letter.refresh_from_db()
    assert letter.state == DeadLetter.State.OPEN


def test_a_reveal_is_no_part_of_what_could_be_rolled_back() -> None:
    by = Operator(name="ada", reason=WHY)

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        reveal("event", [1], by=by)

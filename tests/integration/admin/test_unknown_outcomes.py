"""Did this mail go out? The facts, and the decision of a person."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from events.consuming.kept_message import packed
from events.kafka.record import Record
from events.models import Consumption, DeadLetter, Event
from tests.audit_rows import a_consumption, an_event, at
from tests.integration.admin.doing import GROUP, WHY, audited, confirm, plan
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

LIST = f"{address(Consumption, 'changelist')}?outcome=unknown"
REFERENCE = "<invoice-1042@waybill.example.org>"


@pytest.fixture
def event() -> Event:
    return an_event()


@pytest.fixture
def unknown(event: Event) -> Consumption:
    record = Record("order_invoices", 1, 128, b"1042", b"{}", (), 1_770_000_000_000)
    return a_consumption(
        event,
        group=GROUP,
        outcome="unknown",
        effect_began_at=at(1),
        effect_reference=REFERENCE,
        effect_payload=b"the mail",
        message=packed(record),
        unknown_count=1,
        attempts=2,
        finished_at=None,
    )


def page(row: Consumption, how: str) -> str:
    return reverse(f"admin:events_consumption_{how}", args=[row.pk])


def test_the_list_tells_the_facts_and_what_to_do(
    superuser: Client, unknown: Consumption, event: Event
) -> None:
    a_consumption(event, dedupe_key="other")

    shown = superuser.get(LIST)

    text = shown.content.decode()
    assert [row.pk for row in shown.context["cl"].result_list] == [unknown.pk]
    assert "&lt;invoice-1042@waybill.example.org&gt;" in text
    assert "Effect began" in text
    assert address(Event, "change", event.pk) in text
    assert "Look for its reference" in text
    assert (
        f"{address(Consumption, 'changelist')}?outcome=unknown"
        in superuser.get(reverse("admin:index")).content.decode()
    )


def test_an_empty_list_says_that_nothing_is_unknown(superuser: Client) -> None:
    assert "it is known whether it happened" in superuser.get(LIST).content.decode()


@pytest.mark.parametrize(
    ("how", "said", "outcome"),
    [("done", "nothing is sent again", "succeeded"), ("resend", "it happens twice", "retrying")],
)
def test_it_is_decided_with_a_reason(
    operator: Client, unknown: Consumption, how: str, said: str, outcome: str
) -> None:
    there = page(unknown, how)
    assert there in plan(operator, address(Consumption, "change", unknown.pk))
    text = plan(operator, there)
    for fact in (said, "invoice-1042@waybill.example.org", "notification:invoices:1042"):
        assert fact in text
    assert confirm(operator, there, reason=" ").status_code == 200
    unknown.refresh_from_db()
    assert unknown.outcome == "unknown"

    assert confirm(operator, there)["Location"] == LIST

    unknown.refresh_from_db()
    assert unknown.outcome == outcome
    assert DeadLetter.objects.filter(state="redriving").exists() is (how == "resend")
    assert audited() == [("olga", "resolve", WHY, True)]
    again = plan(operator, there)
    assert "its outcome is not unknown" in again
    assert 'name="reason"' not in again
    assert there not in plan(operator, address(Consumption, "change", unknown.pk))


def test_the_waybill_tells_the_decision(
    superuser: Client, unknown: Consumption, event: Event
) -> None:
    confirm(superuser, page(unknown, "done"))

    text = plan(superuser, address(Event, "change", event.pk))

    assert "ada: resolve" in text
    assert WHY in text


@pytest.mark.parametrize("how", ["done", "resend"])
def test_who_may_only_look_is_offered_nothing_and_refused_with_a_row(
    viewer: Client, unknown: Consumption, how: str
) -> None:
    assert page(unknown, how) not in plan(viewer, address(Consumption, "change", unknown.pk))

    assert viewer.get(page(unknown, how)).status_code == 403
    assert confirm(viewer, page(unknown, how)).status_code == 403

    unknown.refresh_from_db()
    assert unknown.outcome == "unknown"
    assert audited() == [("bob", "resolve", WHY, False)]


def test_a_row_of_a_topic_one_may_not_read_is_not_there(
    operator: Client, client: Client, event: Event
) -> None:
    foreign: Any = a_consumption(event, topic="salaries", outcome="unknown")

    assert operator.get(page(foreign, "done")).status_code == 404
    assert client.get(page(foreign, "done")).status_code == 302  # to the login

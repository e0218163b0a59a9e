"""Every page of the console answers, offers nothing that changes the past, and escapes all."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from events.auditing.actions import record_action
from events.models import (
    Attempt,
    ClosedKey,
    Consumption,
    DeadLetter,
    Event,
    Gap,
    Heartbeat,
    OperatorAction,
    OutboxEntry,
    Pause,
    Publication,
    Replay,
    Seek,
)
from tests.audit_rows import (
    a_closed_key,
    a_consumption,
    a_dead_letter,
    a_gap,
    a_heartbeat,
    a_pause,
    a_publication,
    a_seek,
    an_attempt,
    an_event,
    an_outbox_entry,
    at,
)
from tests.integration.admin.pages import CHOSEN_FROM, TOLD, address
from tests.integration.admin.replay_rows import a_replay

pytestmark = pytest.mark.django_db

EVIL = "<script>alert('x')</script>"
LONG = f"{EVIL * 10}\n{EVIL}"  # long enough to be cut in lists


@pytest.fixture
def rows() -> dict[type[Model], Model]:
    """One row of each kind, hostile where a stranger has a say."""
    event = an_event(EVIL, value=f'{{"a": "{EVIL}"}}'.encode(), published_by=EVIL, subject=EVIL)
    token, _ = AuthToken.objects.create(User.objects.create_user("service"))
    by_hand = {"by": EVIL, "reason": LONG}
    return {
        Event: event,
        OutboxEntry: an_outbox_entry(event, last_error=LONG, by=EVIL),
        Publication: a_publication(event, by=EVIL),
        Consumption: a_consumption(event, dedupe_key=EVIL, error=LONG, effect_reference=EVIL),
        Attempt: an_attempt(event, dedupe_key=EVIL, error=LONG),
        DeadLetter: a_dead_letter(
            event,
            key=EVIL.encode(),
            value=EVIL.encode(),
            exception=EVIL,
            error=LONG,
            traceback=EVIL,
            headers=[[EVIL, "not base64"], ["null", None]],
        ),
        Pause: a_pause(**by_hand),
        Replay: a_replay(**by_hand, only={"type": EVIL}, report={"note": EVIL}, state="failed"),
        ClosedKey: a_closed_key(key=EVIL.encode(), **by_hand),
        Seek: a_seek(**by_hand),
        Gap: a_gap(host=EVIL),
        OperatorAction: record_action(
            actor=EVIL,
            action=EVIL,
            target_type="event",
            target_id=event.pk,
            reason=LONG,
            details={EVIL: EVIL},
        ),
        Heartbeat: a_heartbeat(beat_at=timezone.now(), name=EVIL, assignment=[EVIL]),
        AuthToken: token,
    }


@pytest.mark.parametrize("model", TOLD)
@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_an_empty_list_answers_and_says_why_it_is_empty(
    model: type[Model], who: str, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(who).get(address(model, "changelist"))

    assert page.status_code == 200
    assert "Nothing here" in page.content.decode()


@pytest.mark.parametrize("model", TOLD)
@pytest.mark.parametrize("who", ["superuser", "viewer"])
@pytest.mark.usefixtures("rows")
def test_a_list_answers_and_offers_no_change(
    model: type[Model], who: str, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(who).get(address(model, "changelist"))

    text = page.content.decode()
    assert page.status_code == 200
    assert "Nothing here" not in text
    assert address(model, "add") not in text
    assert ('name="action"' in text) is (model in CHOSEN_FROM and who == "superuser")
    assert EVIL not in text


@pytest.mark.parametrize("model", TOLD)
@pytest.mark.parametrize("who", ["superuser", "viewer"])
def test_a_page_answers_and_offers_no_change(
    model: type[Model], who: str, rows: dict[type[Model], Model], request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(who).get(address(model, "change", rows[model].pk))

    text = page.content.decode()
    assert page.status_code == 200
    assert 'name="_save"' not in text
    assert address(model, "delete", rows[model].pk) not in text
    assert EVIL not in text


@pytest.mark.parametrize("model", TOLD)
def test_nobody_adds_changes_or_deletes(
    model: type[Model], superuser: Client, rows: dict[type[Model], Model]
) -> None:
    row = rows[model]

    for url in (
        address(model, "add"),
        address(model, "change", row.pk),
        address(model, "delete", row.pk),
    ):
        assert superuser.post(url, {"post": "yes"}).status_code == 403
    deleted = superuser.post(
        address(model, "changelist"),
        {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"},
    )
    assert deleted.status_code != 500
    assert model._default_manager.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", TOLD)
def test_an_unknown_row_leads_back_to_the_overview(model: type[Model], superuser: Client) -> None:
    for identifier in (uuid4(), "nonsense", "99999999999999999999999"):
        page = superuser.get(address(model, "change", identifier))
        assert page.status_code == 302, identifier


@pytest.mark.parametrize("model", TOLD)
def test_lists_refuse_questions_that_no_index_answers(
    model: type[Model], superuser: Client
) -> None:
    for query in ("topic__contains=x", "error__regex=(a*)*", "topic=%00"):
        page = superuser.get(f"{address(model, 'changelist')}?{query}")
        assert page.status_code in {302, 400}, query


@pytest.mark.parametrize(
    ("model", "query", "found"),
    [
        (Event, "state=accepted", 1),
        (Event, "state=published", 1),
        (Event, "state=parked", 1),
        (Event, "topic=order_invoices&type=invoice.requested", 3),
        (Event, "topic=elsewhere", 0),
        (Event, "age=15m", 0),
        (OutboxEntry, "state=waiting", 1),
        (OutboxEntry, "state=parked", 1),
        (Consumption, "outcome=unknown&group=notifications", 1),
        (Consumption, "outcome=succeeded", 0),
        (Attempt, "result=failed", 1),
        (DeadLetter, "state=open", 1),
        (DeadLetter, "state=redriven", 0),
        (DeadLetter, "state=open&exception=invoices.errors.NoTaxRate", 1),
        (DeadLetter, "exception=elsewhere", 0),
        (DeadLetter, "handler=invoices.handlers.send_invoice&group=invoices", 0),
        (Pause, "", 1),
        (Pause, "state=over", 2),
        (Pause, "state=all", 3),
        (ClosedKey, "cause=quarantined", 1),
        (ClosedKey, "cause=paused", 0),
        (Seek, "state=requested", 1),
        (Gap, "age=24h", 0),
        (Gap, "cause=retention", 1),
    ],
)
def test_filters_narrow_the_list(
    model: type[Model], query: str, found: int, superuser: Client
) -> None:
    waiting, published, parked = an_event(), an_event(), an_event()
    an_outbox_entry(waiting)
    a_publication(published)
    an_outbox_entry(parked, parked_at=parked.accepted_at)
    a_consumption(published, outcome="unknown")
    an_attempt(published)
    a_dead_letter(published)
    a_pause()
    a_pause(until=at(1))
    a_pause(resumed_at=at(1))
    a_closed_key(cause="quarantined")
    a_seek()
    a_gap()

    page = superuser.get(f"{address(model, 'changelist')}?{query}")

    assert page.status_code == 200
    assert len(page.context["cl"].result_list) == found


ManyRows = Callable[[int], None]


def many_rows(count: int) -> None:
    for number in range(count):
        event = an_event(f"key {number}")
        an_outbox_entry(event)
        a_publication(event, offset=number)
        a_consumption(event, dedupe_key=f"key {number}")
        an_attempt(event)
        a_dead_letter(event, offset=number)
        a_pause(partition=number)
        a_replay()
        a_closed_key(key=str(number).encode())
        a_seek(partition=number)
        a_gap(partition=number)
        a_heartbeat(beat_at=timezone.now())
        record_action(
            actor="ada", action="redrive", target_type="event", target_id=number, reason="why"
        )
        AuthToken.objects.create(User.objects.create_user(f"user {number}"))


@pytest.mark.parametrize("model", TOLD)
def test_a_list_takes_as_many_queries_for_many_rows_as_for_few_and_counts_nothing(
    model: type[Model], superuser: Client, django_assert_max_num_queries: Any
) -> None:
    many_rows(20)

    with django_assert_max_num_queries(4) as captured:
        page = superuser.get(address(model, "changelist"))

    assert len(page.context["cl"].result_list) == 20
    assert not [query for query in captured.captured_queries if "COUNT(" in query["sql"]]


def test_a_list_says_how_far_it_looked(superuser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    event = an_event()
    for number in range(52):
        an_attempt(event, number=number, result="conflict" if number == 0 else "failed")
    monkeypatch.setattr("events.admin.attempt.REACH", 1)  # a page and one more are looked at

    rare = superuser.get(address(Attempt, "changelist") + "?result=conflict").content.decode()
    common = superuser.get(address(Attempt, "changelist") + "?result=failed").content.decode()

    assert "Nothing found yet" in rare
    assert "were looked at" not in common


def test_lists_end_at_a_page_and_say_how_to_go_on(superuser: Client) -> None:
    page = superuser.get(address(Event, "changelist") + "?p=101&state=published", follow=True)

    assert page.redirect_chain == [(address(Event, "changelist") + "?state=published", 302)]
    assert "Lists end at page 100" in page.content.decode()
    assert superuser.get(address(Event, "changelist") + "?p=100").status_code == 200
    for nowhere in ("0", "-1"):
        assert superuser.get(address(Event, "changelist") + f"?p={nowhere}").status_code == 302

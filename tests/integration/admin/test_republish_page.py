"""One event is republished from its waybill: said beforehand, with a reason."""

import pytest
from django.test import Client
from django.urls import reverse

from events.models import Event, OutboxEntry
from tests.audit_rows import a_publication, an_event, an_outbox_entry
from tests.integration.admin.doing import WHY, audited, confirm, plan
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db


def page(event: Event) -> str:
    return reverse("admin:events_event_republish", args=[event.pk])


def waybill(event: Event) -> str:
    return address(Event, "change", event.pk)


def test_it_stands_in_the_outbox_again_once_the_reason_is_given(operator: Client) -> None:
    event = an_event()
    a_publication(event)
    assert page(event) in plan(operator, waybill(event))
    assert "behind everything that is there" in plan(operator, page(event))
    assert confirm(operator, page(event), reason=" ").status_code == 200
    assert not OutboxEntry.objects.exists()

    assert confirm(operator, page(event))["Location"] == waybill(event)

    entry = OutboxEntry.objects.get()
    assert (entry.event_id, entry.cause, entry.by) == (event.pk, "republish", "olga")
    assert audited() == [("olga", "republish", WHY, True)]
    assert "still waits in the outbox" in confirm(operator, page(event)).content.decode()
    assert OutboxEntry.objects.count() == 1


def test_what_cannot_be_republished_says_why(operator: Client) -> None:
    event = an_event()
    an_outbox_entry(event, parked_at=event.accepted_at)

    text = plan(operator, page(event))

    assert "is parked: mend the cause, then unpark it" in text
    assert 'name="reason"' not in text


def test_who_may_not_is_offered_nothing_and_refused_with_a_row(
    viewer: Client, operator: Client
) -> None:
    event, foreign = an_event(), an_event(topic="salaries")

    assert page(event) not in plan(viewer, waybill(event))
    assert viewer.get(page(event)).status_code == 403
    assert confirm(viewer, page(event)).status_code == 403
    assert confirm(operator, page(foreign)).status_code == 404
    assert audited() == [("bob", "republish", WHY, False)]
    assert not OutboxEntry.objects.exists()

"""The page of an event is its waybill."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from events.auditing.actions import record_action
from events.models import Event, TopicGrant
from tests.audit_rows import (
    a_consumption,
    a_dead_letter,
    a_publication,
    an_attempt,
    an_event,
    an_outbox_entry,
    at,
)
from tests.integration.admin.replay_rows import a_replay

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer() -> Client:
    """May see events, and nothing else."""
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_event"))
    TopicGrant.objects.create(user=user, topic="order_invoices", may_read=True)
    client = Client()
    client.force_login(user)
    return client


def page_of(client: Client, event: Event) -> str:
    return client.get(reverse("admin:events_event_change", args=[event.pk])).content.decode()


def revealed(client: Client, event: Event) -> str:
    page = reverse("admin:events_event_reveal", args=[event.pk])
    answer = client.post(page, {"confirmed": "yes", "reason": "to see what it says"})
    return str(answer.content.decode())


def test_the_whole_story_is_on_the_page(superuser: Client) -> None:
    event = an_event()
    a_publication(event)
    an_attempt(event)
    a_consumption(event, outcome="dead_lettered")
    letter = a_dead_letter(event)
    an_outbox_entry(event, cause="republish")
    record_action(
        actor="ada",
        action="republish",
        target_type="event",
        target_id=event.pk,
        reason="the topic was restored",
    )

    text = page_of(superuser, event)

    for told in (
        "Accepted by shop",
        "Published at order_invoices:1:128",
        "+20 ms",
        "Attempt 1 failed",
        "smtplib.SMTPServerDisconnected",
        "Set aside as a dead letter",
        f"/admin/events/deadletter/{letter.pk}/change/",
        "dead lettered",
        "Waits in the outbox, to be published again",
        "the topic was restored",
    ):
        assert told in text, told


def test_links_lead_only_where_the_user_may_go(viewer: Client) -> None:
    event = an_event()
    a_publication(event)

    text = page_of(viewer, event)

    assert "Published at order_invoices:1:128" in text
    assert "/admin/events/publication/" not in text


def test_a_large_value_is_cut(superuser: Client) -> None:
    event = an_event(value=b'"' + b"x" * 200_000 + b'"')

    text = revealed(superuser, event)

    assert len(text) < 150_000
    assert "the value is 200002 bytes long" in text


def test_events_of_the_same_key_are_neighbours(superuser: Client) -> None:
    first, second, third = (an_event("1042", accepted_at=at(second)) for second in range(3))
    an_event("9999", accepted_at=at(1.5))

    text = page_of(superuser, second)

    assert f'rel="prev" href="/admin/events/event/{first.pk}/change/"' in text
    assert f'rel="next" href="/admin/events/event/{third.pk}/change/"' in text
    assert "Earlier of this key" not in page_of(superuser, an_event(None))


def test_an_event_that_no_group_has_taken_says_so(superuser: Client) -> None:
    event = an_event()

    assert "Not on Kafka yet" in page_of(superuser, event)
    a_publication(event)
    assert "No group has taken it in hand yet" in page_of(superuser, event)


@pytest.mark.parametrize("value", [None, b"", b"\x00\xff", b"text", b"[" * 5_000])
def test_every_kind_of_value_can_be_looked_at(superuser: Client, value: bytes | None) -> None:
    event = an_event(value=value)

    for text in (page_of(superuser, event), revealed(superuser, event)):
        assert "What happened" in text


def test_the_page_takes_few_queries_however_long_the_story(
    superuser: Client, django_assert_max_num_queries: Any
) -> None:
    event = an_event()
    for number in range(20):
        a_publication(event, offset=number)
        a_consumption(event, dedupe_key=f"key {number}")
        an_attempt(event, number=number)
        a_dead_letter(event, offset=number)

    with django_assert_max_num_queries(13):  # session, user, waybill 7, value, neighbours 2
        page_of(superuser, event)


def test_a_replay_that_ran_the_event_stands_in_the_line_and_leads_to_its_page(
    superuser: Client, viewer: Client
) -> None:
    event, replay = an_event(), a_replay(mode="force", reason="the mails were lost")
    a_consumption(event, replay=replay, generation=replay.pk)
    link = reverse("admin:events_replay_change", args=[replay.pk])

    text = page_of(superuser, event)

    assert "Replayed by ada: force" in text
    assert "the mails were lost" in text
    assert re.search(f"forced replay</dt><dd><a [^>]*{link}", text)
    hidden = page_of(viewer, event)  # who may not see replays
    assert "Replayed by ada: force" in hidden
    assert link not in hidden
    found = superuser.get(f"{reverse('admin:find')}?q={replay.pk}")
    assert found["Location"] == link

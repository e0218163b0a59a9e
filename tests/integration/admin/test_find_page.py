"""The box that leads to the event."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tests.audit_rows import a_dead_letter, an_event, at
from tests.integration.auditing.replay_rows import a_replay

pytestmark = pytest.mark.django_db


def find(client: Client, text: str) -> tuple[int, str]:
    page = client.get(reverse("admin:find"), {"q": text})
    return page.status_code, page.headers.get("Location", page.content.decode())


def test_one_match_leads_straight_to_the_waybill(superuser: Client) -> None:
    event = an_event("1042")

    assert find(superuser, "1042") == (302, f"/admin/events/event/{event.pk}/change/")


def test_several_matches_are_listed(superuser: Client) -> None:
    events = [an_event("1042"), an_event("1042", accepted_at=at(5))]

    status, text = find(superuser, "1042")

    assert status == 200
    assert all(f"/admin/events/event/{event.pk}/change/" in text for event in events)


@pytest.mark.parametrize("text", ["nothing", "<script>alert(1)</script>", "a\x00b", "%"])
def test_no_match_says_what_can_be_asked_for(superuser: Client, text: str) -> None:
    status, answer = find(superuser, text)

    assert status == 200
    assert "Nothing is called" in answer
    assert "topic:partition:offset" in answer
    assert "<script>alert(1)</script>" not in answer


def test_an_empty_box_explains_itself(superuser: Client) -> None:
    status, answer = find(superuser, "")

    assert status == 200
    assert "Where is my event?" in answer


def test_a_dead_letter_of_a_foreign_message_is_found_by_its_position(superuser: Client) -> None:
    letter = a_dead_letter(None, partition=2, offset=7)

    assert find(superuser, "order_invoices:2:7") == (
        302,
        f"/admin/events/deadletter/{letter.pk}/change/",
    )


def test_what_a_user_may_not_see_is_not_found(client: Client) -> None:
    a_dead_letter(None, partition=2, offset=7)
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_event"))
    client.force_login(user)

    assert "Nothing is called" in find(client, "order_invoices:2:7")[1]
    assert "Nothing is called" in find(client, str(a_replay().pk))[1]


def test_finding_needs_the_permission_to_see_events(client: Client) -> None:
    client.force_login(User.objects.create_user("eve", is_staff=True))

    assert find(client, "1042")[0] == 403


def test_the_box_is_on_every_page(superuser: Client) -> None:
    event = an_event()

    for page in (
        reverse("admin:index"),
        reverse("admin:events_event_changelist"),
        reverse("admin:events_event_change", args=[event.pk]),
        reverse("admin:auth_user_changelist"),
    ):
        assert 'class="wb-find wb-find-sidebar"' in superuser.get(page).content.decode()

"""Who sees what in the console."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from events.models import Event
from tests.audit_rows import an_event
from tests.integration.admin.pages import TOLD, address

pytestmark = pytest.mark.django_db


def test_people_without_permission_see_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("eve", is_staff=True))

    for model in TOLD:
        assert client.get(address(model, "changelist")).status_code == 403
    event = an_event()
    assert client.get(address(Event, "change", event.pk)).status_code == 403
    overview = client.get(reverse("admin:index")).content.decode()
    assert "no permission to view anything" in overview
    assert reverse("admin:find") not in overview


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    for page in (reverse("admin:index"), reverse("admin:find"), address(Event, "changelist")):
        answer = client.get(page)
        assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={page}")


@pytest.mark.parametrize("page", ["admin:auth_user_changelist", "admin:auth_user_add"])
def test_users_are_managed_in_the_same_look(page: str, superuser: Client) -> None:
    assert superuser.get(reverse(page)).status_code == 200

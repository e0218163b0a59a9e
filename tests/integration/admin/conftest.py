"""People who look at the console."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from events.models import TopicGrant


@pytest.fixture(autouse=True)
def _static_files_are_not_listed_for_each_client(settings: Any) -> None:
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def superuser(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ada"))
    return client


@pytest.fixture
def viewer(db: None) -> Client:
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    TopicGrant.objects.create(user=user, topic="*", may_read=True)
    client = Client()
    client.force_login(user)
    return client

"""People who look at the console."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import TopicGrant
from events.topics import EventType, Topic, declare_topic, forget_topic


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


OPERATIONS = (
    "change_deadletter",
    "add_pause",
    "change_pause",
    "add_closedkey",
    "change_closedkey",
    "add_seek",
    "add_replay",
    "change_replay",
    "add_outboxentry",
    "change_consumption",
)


@pytest.fixture
def operator(db: None) -> Client:
    """May look at every page, and read and operate on one topic; sees no values."""
    user = User.objects.create_user("olga", is_staff=True)
    may_view = Permission.objects.filter(codename__startswith="view_")
    user.user_permissions.set(may_view | Permission.objects.filter(codename__in=OPERATIONS))
    TopicGrant.objects.create(user=user, topic="order_invoices", may_read=True, may_operate=True)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def other_topic() -> Iterator[str]:
    """A second topic of the group of invoices, of which the operator has no grant."""
    name = "test_other_topic"
    declare_topic(Topic(name=name, types=(EventType(name="thing.happened"),)))
    subscribe(name, group="invoices", type="thing.happened")(nothing)
    yield name
    unsubscribe(name, group="invoices", type="thing.happened")
    forget_topic(name)


def nothing(event: ReceivedEvent) -> None:
    """Handle nothing."""

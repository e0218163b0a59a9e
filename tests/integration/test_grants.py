"""Grants: what rows of TopicGrant give, to users and to the groups they are in."""

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from knox.models import AuthToken

from events.errors import NotGranted
from events.grants import Right, grants_of, readable, require
from events.models import Event, TopicGrant
from tests.audit_rows import an_event
from tests.conftest import MakeTopic

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("somebody")


def fresh(user: User) -> User:
    """The user as the next request sees them."""
    return User.objects.get(pk=user.pk)


def test_nobody_may_anything_without_a_grant(user: User) -> None:
    for who in (user, AnonymousUser()):
        assert not any(grants_of(who).allows(right, "order_invoices") for right in Right)
        assert grants_of(who).reach(Right.READ) == []


@pytest.mark.parametrize(
    ("column", "right"),
    [
        ("may_publish", Right.PUBLISH),
        ("may_read", Right.READ),
        ("may_see_values", Right.VALUES),
        ("may_operate", Right.OPERATE),
    ],
)
def test_a_grant_gives_the_right_it_names_and_no_other(
    user: User, column: str, right: Right
) -> None:
    TopicGrant.objects.create(user=user, topic="order_invoices", **{column: True})

    assert {each for each in Right if grants_of(user).allows(each, "order_invoices")} == {right}
    require(user, right, "order_invoices")
    with pytest.raises(NotGranted, match="elsewhere"):
        require(user, right, "elsewhere")


@pytest.mark.parametrize(
    ("pattern", "topic", "matches"),
    [
        ("order_*", "order_created_eu_web", True),
        ("order_*", "reorder_created_eu_web", False),
        ("*_eu_*", "order_created_eu_web", True),
        ("*_eu_*", "order_created_us_web", False),
        ("order.x", "orderyx", False),
        ("*", "anything", True),
        ("Order_*", "order_created", False),
        ("*a" * 100, "a" * 248 + "b", False),  # within the test's time
    ],
)
def test_a_star_stands_for_any_text(user: User, pattern: str, topic: str, matches: bool) -> None:
    TopicGrant.objects.create(user=user, topic=pattern, may_read=True)

    assert grants_of(user).allows(Right.READ, topic) is matches


def test_groups_give_their_grants_to_their_members(user: User) -> None:
    team = Group.objects.create(name="team")
    TopicGrant.objects.create(group=team, topic="order_*", may_operate=True)
    assert not grants_of(user).allows(Right.OPERATE, "order_invoices")

    user.groups.add(team)

    assert grants_of(fresh(user)).allows(Right.OPERATE, "order_invoices")


def test_superusers_may_all_and_the_inactive_nothing(user: User) -> None:
    user.is_superuser = True
    assert grants_of(user).allows(Right.VALUES, "order_invoices")
    assert grants_of(user).reach(Right.VALUES) is None
    user.is_active = False
    assert not grants_of(user).allows(Right.VALUES, "order_invoices")


def test_a_query_reaches_declared_topics_and_those_granted_by_name(
    user: User, make_topic: MakeTopic
) -> None:
    declared, other = make_topic(create=False), make_topic(create=False)
    TopicGrant.objects.create(user=user, topic=f"{declared[:-1]}*", may_read=True)
    TopicGrant.objects.create(user=user, topic="once_declared", may_read=True)
    for topic in (declared, other, "once_declared", f"{declared[:-1]}!"):
        an_event(topic=topic)

    seen = readable(Event.objects.all(), user=user)

    assert sorted(seen.values_list("topic", flat=True)) == sorted([declared, "once_declared"])
    TopicGrant.objects.create(user=user, topic="*", may_read=True)
    assert readable(Event.objects.all(), user=fresh(user)).count() == 4


def test_a_grant_belongs_to_a_user_or_a_group(user: User) -> None:
    group = Group.objects.create(name="team")
    for holders in ({}, {"user": user, "group": group}):
        with pytest.raises(IntegrityError), transaction.atomic():
            TopicGrant.objects.create(topic="x", **holders)
    with pytest.raises(ValidationError, match="Choose a user or a group"):
        TopicGrant(topic="x").full_clean()
    with pytest.raises(ValidationError, match="stands for any text"):
        TopicGrant(user=user, topic="order_[ab]").full_clean()


def test_a_token_brings_the_grants_of_its_user_in_one_question(
    user: User, django_assert_num_queries: Any
) -> None:
    team = Group.objects.create(name="team")
    user.groups.add(team)
    event = an_event()
    _, token = AuthToken.objects.create(user)
    client = Client(headers={"Authorization": f"Token {token}"})
    address = f"/api/v1/events/{event.pk}"

    with django_assert_num_queries(1):
        # The topic is the only thing that a stranger's id could be told apart by.
        assert client.post("/api/v1/topics/order_invoices/events").status_code == 403
    for holder in ({"user": user}, {"group": team}):
        assert client.get(address).status_code == 404
        grant = TopicGrant.objects.create(**holder, topic="order_*", may_read=True)
        assert client.get(address).status_code == 200
        grant.delete()

"""The pages on which rights are given and taken: each change has its reason in the audit."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse
from knox.models import AuthToken

from events.models import OperatorAction, TopicGrant
from tests.integration.admin.pages import address

pytestmark = pytest.mark.django_db

WHY = "the shop needs it"


@pytest.fixture
def shop() -> User:
    return User.objects.create_user("shop")


def granted(**fields: Any) -> dict[str, Any]:
    return {"topic": "order_*", "may_publish": "on", "reason": WHY, **fields}


def last_action() -> tuple[Any, ...]:
    action = OperatorAction.objects.latest("at")
    return action.actor, action.action, action.target_id, action.reason, action.details


def test_a_grant_is_given_changed_and_withdrawn_with_a_reason(
    superuser: Client, shop: User
) -> None:
    added = superuser.post(address(TopicGrant, "add"), granted(user=shop.pk))
    assert added.status_code == 302
    grant = TopicGrant.objects.get()
    told = {"user": "shop", "topic": "order_*", "rights": ["may_publish"]}
    assert last_action() == ("ada", "give_grant", str(grant.pk), WHY, told)

    page = address(TopicGrant, "change", grant.pk)
    superuser.post(page, granted(user=shop.pk, may_read="on"))
    now = {**told, "rights": ["may_publish", "may_read"], "before": told}
    assert last_action() == ("ada", "change_grant", str(grant.pk), WHY, now)

    withdraw = address(TopicGrant, "delete", grant.pk)
    assert "shop: order_*" in superuser.get(withdraw).content.decode()
    gone = superuser.post(withdraw, {"confirmed": "yes", "reason": "it moved"})
    assert gone.status_code == 302
    assert not TopicGrant.objects.exists()
    assert last_action()[:4] == ("ada", "withdraw_grant", str(grant.pk), "it moved")
    assert OperatorAction.objects.count() == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"reason": " "},
        {"user": ""},
        {"topic": "order_[ab]"},
        {"group": "team"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(
    superuser: Client, shop: User, fields: dict[str, Any]
) -> None:
    team = Group.objects.create(name="team")
    given = granted(user=shop.pk) | {
        name: team.pk if value == "team" else value for name, value in fields.items()
    }

    answer = superuser.post(address(TopicGrant, "add"), given)

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not TopicGrant.objects.exists()
    assert not OperatorAction.objects.exists()


def test_a_grant_that_exists_already_is_refused_with_words(superuser: Client, shop: User) -> None:
    TopicGrant.objects.create(user=shop, topic="order_*")

    answer = superuser.post(address(TopicGrant, "add"), granted(user=shop.pk))

    assert answer.status_code == 200
    assert TopicGrant.objects.count() == 1


def test_several_are_withdrawn_together_and_never_without_a_reason(
    superuser: Client, shop: User
) -> None:
    keys = [TopicGrant.objects.create(user=shop, topic=f"topic_{n}").pk for n in range(3)]
    page = address(TopicGrant, "changelist")
    chosen = {"action": "withdraw", "_selected_action": keys[:2]}

    for more in ({}, {"confirmed": "yes", "reason": ""}, {"reason": WHY}):
        asked = superuser.post(page, {**chosen, **more})
        assert asked.status_code == 200
        assert "topic_0" in asked.content.decode()
        assert TopicGrant.objects.count() == 3
    superuser.post(page, {**chosen, "confirmed": "yes", "reason": WHY})
    assert [grant.pk for grant in TopicGrant.objects.all()] == keys[2:]
    assert OperatorAction.objects.filter(action="withdraw_grant", reason=WHY).count() == 2

    superuser.post(page, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert TopicGrant.objects.count() == 1


def test_a_token_is_revoked_with_a_reason(superuser: Client, shop: User) -> None:
    row, token = AuthToken.objects.create(shop)
    page = address(AuthToken, "changelist")
    chosen = {"action": "revoke", "_selected_action": [row.digest]}
    listed = superuser.get(page).content.decode()
    assert f"{row.digest[:12]}…" in listed
    assert row.token_key not in listed

    asked = superuser.post(page, chosen).content.decode()
    assert f"Token {row.digest[:12]}… of shop" in asked
    assert AuthToken.objects.exists()
    superuser.post(page, {**chosen, "confirmed": "yes", "reason": "it leaked"})

    assert not AuthToken.objects.exists()
    assert last_action()[:4] == ("ada", "revoke_token", row.digest[:12], "it leaked")
    assert (
        Client(headers={"Authorization": f"Token {token}"}).get("/api/v1/limits").status_code
        == 401
    )


def test_who_may_only_look_is_offered_nothing_and_refused(viewer: Client, shop: User) -> None:
    row, _ = AuthToken.objects.create(shop)
    grant = TopicGrant.objects.create(user=shop, topic="order_*")
    for model, action, key in ((AuthToken, "revoke", row.pk), (TopicGrant, "withdraw", grant.pk)):
        page = address(model, "changelist")
        assert 'name="action"' not in viewer.get(page).content.decode()
        sent = {"action": action, "_selected_action": [key], "confirmed": "yes", "reason": WHY}
        viewer.post(page, sent)
    shown = viewer.get(address(TopicGrant, "change", grant.pk)).content.decode()
    assert "order_*" in shown
    assert 'name="_save"' not in shown
    assert "Reason" not in shown
    for url in (address(TopicGrant, "add"), address(TopicGrant, "delete", grant.pk)):
        assert viewer.post(url, granted(user=shop.pk, confirmed="yes")).status_code == 403
    assert AuthToken.objects.exists()
    assert TopicGrant.objects.filter(user=shop).count() == 1
    assert not OperatorAction.objects.exists()


def test_the_rights_to_revoke_and_to_withdraw_are_djangos(client: Client, shop: User) -> None:
    eve = User.objects.create_user("eve", is_staff=True)
    names = ["view_authtoken", "delete_authtoken"]
    eve.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(eve)
    row, _ = AuthToken.objects.create(shop)

    page = address(AuthToken, "changelist")
    chosen = {"action": "revoke", "_selected_action": [row.pk], "confirmed": "yes"}
    client.post(page, {**chosen, "reason": WHY})

    assert not AuthToken.objects.exists()
    assert client.get(address(TopicGrant, "changelist")).status_code == 403
    assert "Topic grants" not in client.get(reverse("admin:index")).content.decode()

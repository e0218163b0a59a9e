"""Tokens are made on the command line and revoked, and the audit tells of both."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from events.models import OperatorAction
from events.operating.operator import Operator
from events.operating.tokens import create_token, revoke_tokens

pytestmark = pytest.mark.django_db

ADA = Operator(name="ada", reason="the shop moves", origin="10.0.0.1", request_id="r-1")


@pytest.fixture
def shop() -> User:
    return User.objects.create_user("shop")


def made(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("createtoken", *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def is_accepted(token: str) -> bool:
    client = Client(headers={"Authorization": f"Token {token}"})
    return client.get("/api/v1/limits").status_code == 200


def test_the_command_prints_the_token_alone_and_the_rest_aside(shop: User) -> None:
    out, err = made("shop", "--expires", "90d")

    token = out.removesuffix("\n")
    assert is_accepted(token)
    row = AuthToken.objects.get(user=shop)
    assert abs(row.expiry - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    assert row.digest[:12] in err
    assert token not in err
    action = OperatorAction.objects.get()
    assert (action.action, action.target_type, action.target_id, action.origin) == (
        "create_token",
        "token",
        row.digest[:12],
        "command line",
    )
    assert action.details["user"] == "shop"
    assert token not in str(vars(action))


def test_a_user_may_have_several_and_one_that_never_ends_is_asked_for_by_word(shop: User) -> None:
    tokens = [made("shop", "--expires", text)[0].strip() for text in ("1h", "never")]

    assert all(map(is_accepted, tokens))
    assert AuthToken.objects.filter(user=shop, expiry=None).count() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("shop",), "--expires"),
        (("shop", "--expires", "90"), "'90' is not a number with s, m, h, d or w"),
        (("shop", "--expires", "0d"), "'0d'"),
        (("shop", "--expires", "99999w"), "hundred years"),
        (("nobody", "--expires", "1d"), "there is no user 'nobody'"),
        (("gone", "--expires", "1d"), "'gone' is not active"),
        (("shop", "--expires", "1d", "--reason", " "), "--reason"),
    ],
)
def test_what_cannot_be_made_is_an_error_and_nothing_is_stored(
    shop: User, words: tuple[str, ...], said: str
) -> None:
    User.objects.create_user("gone", is_active=False)

    with pytest.raises(CommandError, match=said.replace("(", "\\(")):
        made(*words)
    assert not AuthToken.objects.exists()
    assert not OperatorAction.objects.exists()


def test_a_revoked_token_ends_at_once_and_others_stay(shop: User) -> None:
    (gone, _), (stays, _) = (create_token(shop, expires_after=None, by=ADA) for _ in range(2))
    rows = [row for row in AuthToken.objects.all() if row.token_key == gone[:15]]

    assert revoke_tokens(rows, by=ADA) == 1

    assert not is_accepted(gone)
    assert is_accepted(stays)
    action = OperatorAction.objects.get(action="revoke_token")
    assert (action.actor, action.reason, action.origin, action.request_id, action.target_id) == (
        "ada",
        "the shop moves",
        "10.0.0.1",
        "r-1",
        rows[0].digest[:12],
    )
    assert revoke_tokens(rows, by=ADA) == 0
    assert OperatorAction.objects.filter(action="revoke_token").count() == 1

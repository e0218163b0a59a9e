"""The demo's user: kept from run to run, and never somebody else's."""

import secrets
from pathlib import Path

import pytest
from django.contrib.auth import authenticate, get_user_model
from knox.auth import TokenAuthentication

from local.demo.account import make_account, read_account


@pytest.mark.django_db
def test_user_and_password_stay_and_every_run_gets_a_working_token(tmp_path: Path) -> None:
    file = tmp_path / "account.json"
    make_account(file)
    first = read_account(file)
    make_account(file)
    second = read_account(file)

    assert (second.user, second.password) == (first.user, first.password)
    user = authenticate(username=second.user, password=second.password)
    assert user is not None
    assert user.is_superuser
    for token in (first.token, second.token):
        assert TokenAuthentication().authenticate_credentials(token.encode())[0] == user


@pytest.mark.django_db
def test_a_user_called_demo_that_is_not_ours_is_left_alone(tmp_path: Path) -> None:
    their_own = secrets.token_urlsafe()
    theirs = get_user_model().objects.create_user("demo", password=their_own)

    make_account(tmp_path / "account.json")

    theirs.refresh_from_db()
    assert theirs.check_password(their_own)
    assert not theirs.is_superuser
    assert read_account(tmp_path / "account.json").user.startswith("demo-")

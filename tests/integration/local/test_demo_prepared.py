"""Whether the demo may skip its preparation: only if nothing at all has changed."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from knox.models import AuthToken

from local.demo.account import make_account
from local.demo.prepared import Prepared
from local.demo.state import State
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(directory=tmp_path)


@pytest.fixture
def prepared(state: State, database_url: str) -> Prepared:
    make_account(state.account)
    prepared = Prepared(state, environment={**os.environ, "DATABASE_URL": database_url})
    assert not prepared.is_as_remembered()

    def remembered() -> bool:
        # Kafka makes and drops the topics of other tests meanwhile, which count as a change.
        prepared.remember()
        return prepared.is_as_remembered()

    wait_until(remembered)
    return prepared


def test_a_token_that_is_gone_or_about_to_expire_is_made_anew(prepared: Prepared) -> None:
    AuthToken.objects.all().delete()

    assert not prepared.is_as_remembered()


def test_a_user_who_was_changed_is_mended(prepared: Prepared) -> None:
    get_user_model().objects.update(is_active=False)

    assert not prepared.is_as_remembered()


def test_another_setting_or_another_topic_is_looked_into(
    prepared: Prepared, state: State, database_url: str, make_topic: Callable[..., str]
) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url}
    assert not Prepared(
        state, environment={**environment, "EXTRA_APPS": "shop"}
    ).is_as_remembered()

    make_topic()
    assert not prepared.is_as_remembered()


def test_a_database_that_is_away_or_a_file_that_is_broken_is_in_doubt(
    prepared: Prepared, state: State
) -> None:
    away = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    assert not Prepared(state, environment=away).is_as_remembered()

    state.prepared.write_text("{")
    assert not prepared.is_as_remembered()

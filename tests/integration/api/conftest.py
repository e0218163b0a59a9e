"""A caller with a token, and a topic to publish to."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from events.models import TopicGrant
from events.topics import EventType, Topic, declare_topic, forget_topic
from tests.conftest import MakeTopic


@pytest.fixture(autouse=True)
def static_root(settings: Any, tmp_path: Path) -> None:
    """WhiteNoise warns where nothing was collected yet."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def caller(db: None) -> User:
    """May do everything with every topic."""
    user = User.objects.create_user("caller")
    TopicGrant.objects.create(
        user=user,
        topic="*",
        may_publish=True,
        may_read=True,
        may_see_values=True,
        may_operate=True,
    )
    return user


@pytest.fixture
def token(caller: User) -> str:
    made: str = AuthToken.objects.create(caller)[1]
    return made


@pytest.fixture
def api(token: str) -> Client:
    """A client that sends the caller's token, and gets answers where Django would raise."""
    return Client(headers={"Authorization": f"Token {token}"}, raise_request_exception=False)


@pytest.fixture
def reader(db: None) -> User:
    return User.objects.create_user("reader")


@pytest.fixture
def limited(reader: User) -> Client:
    """A client of a caller without any grant yet."""
    token = AuthToken.objects.create(reader)[1]
    return Client(headers={"Authorization": f"Token {token}"}, raise_request_exception=False)


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    return make_topic(create=False)


@pytest.fixture
def topic_with_schema() -> Iterator[str]:
    """A topic whose values have an `order_id`, which is text."""
    schema = {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
    }
    name = f"test_{uuid.uuid4().hex}"
    declare_topic(Topic(name=name, types=(EventType(name="thing.happened", schema=schema),)))
    yield name
    forget_topic(name)


@pytest.fixture
def order() -> dict[str, Any]:
    return {
        "order_id": "1042",
        "customer": {"name": "Zoë", "email": "zoe@example.org"},
        "currency": "EUR",
        "lines": [{"description": "Tea", "quantity": 2, "unit_price": "12.50"}],
    }

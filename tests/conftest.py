"""Fixtures over the real services."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.db import connection
from django_redis import get_redis_connection
from pytest_django import DjangoDbBlocker

from events.conf import Waybill, kafka_settings, waybill
from events.topics import EventType, Topic, declare_topic, forget_topic
from tests.waiting import wait_until

pytest_plugins = ["events.testing.plugin"]

MakeTopic = Callable[..., str]


@pytest.fixture(scope="session")
def database_url(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> str:
    """The address of this worker's test database, for connections beside Django's."""
    with django_db_blocker.unblock():
        found = connection.settings_dict
    return (
        f"postgres://{quote(found['USER'])}:{quote(found['PASSWORD'])}"
        f"@{found['HOST']}:{found['PORT']}/{found['NAME']}"
    )


@pytest.fixture
def waybill_settings(settings: Any, database_url: str) -> Callable[..., Waybill]:
    """Change settings of Waybill for one test; the relay's database is the test database."""

    def change(**changes: object) -> Waybill:
        settings.WAYBILL = {
            **settings.WAYBILL,
            "relay_database_url": database_url,
            **changes,
        }
        return waybill()

    change()
    return change


@pytest.fixture(scope="session")
def kafka_admin() -> AdminClient:
    return AdminClient({**kafka_settings("admin")})


@pytest.fixture
def make_topic(kafka_admin: AdminClient) -> Iterator[MakeTopic]:
    """Make a topic nobody else uses: declared, and on the broker unless `create=False`."""
    made: list[str] = []

    def make(
        *types: str, partitions: int = 1, create: bool = True, config: dict[str, str] | None = None
    ) -> str:
        name = f"test_{uuid.uuid4().hex}"
        declared = tuple(EventType(name=each) for each in types or ("thing.happened",))
        declare_topic(Topic(name=name, types=declared, partitions=partitions))
        made.append(name)
        if create:
            new = NewTopic(name, partitions, 1, config=config or {})
            for future in kafka_admin.create_topics([new]).values():
                future.result(10)
            wait_until(lambda: name in kafka_admin.list_topics(timeout=5).topics)
        return name

    yield make
    for name in made:
        forget_topic(name)


@pytest.fixture
def dedupe_redis() -> Iterator[Any]:
    """The Redis database of this worker's dedupe alias, empty."""
    redis = get_redis_connection("dedupe")
    redis.flushdb()
    yield redis
    redis.flushdb()

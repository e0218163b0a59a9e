"""A stack of its own for each worker of pytest (services get killed here), a system per test."""

import os
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from local.containers.choice import containers_wanted
from local.errors import ServiceFailed
from local.stack import Stack
from tests.acceptance.kafka_door import KafkaWithDoor
from tests.acceptance.system import System
from tests.acceptance.template import create_database, create_topic, prepare_template
from tests.proxy import Proxy

LOG_LINES = 40


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    # Nothing that is named elsewhere: these services get killed.
    stack = Stack(environ={"SERVICES": os.environ.get("SERVICES", "")})
    stack._services["kafka"] = KafkaWithDoor(stack.kafka.directory)
    try:
        stack.start()
    except ServiceFailed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no services: {error}")
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def kafka_door(stack: Stack) -> Iterator[Proxy]:
    """What stands between Kafka and the clients that come by its second door."""
    kafka = stack.kafka
    assert isinstance(kafka, KafkaWithDoor)
    if containers_wanted(os.environ):
        pytest.skip("a broker in a container has no second door")
    with kafka.door as proxy:
        yield proxy


@pytest.fixture(scope="session")
def token(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the database that tests copy; return an API token that is good in every copy."""
    return prepare_template(stack, directory=tmp_path_factory.mktemp("template"))


@pytest.fixture
def system(stack: Stack, token: str, tmp_path: Path) -> Iterator[System]:
    """A database, a topic and a group that nobody used, services that answer, an empty Redis."""
    for service in stack.services:
        service.start()
        service.wait_ready()
    with redis.Redis.from_url(stack.valkey.url) as client:
        client.flushall()
    name = f"test_{uuid.uuid4().hex}"
    database_url = create_database(stack, name)
    create_topic(stack, name)
    system = System(
        stack,
        directory=tmp_path,
        database_url=database_url,
        name=name,
        token=token,
    )
    yield system
    system.close()
    stack.smtp.journal.clear()


@pytest.fixture
def cache(system: System) -> Iterator[Any]:
    """A client of our own to the Redis of the system; its room is put back to what it was."""
    with redis.Redis.from_url(system.stack.valkey.url) as client:
        yield client
        client.config_set("maxmemory", 0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    system = getattr(item, "funcargs", {}).get("system")
    if report.failed and isinstance(system, System):
        for process in system.processes:
            report.sections.append((f"the end of {process.log.path}", process.log.tail(LOG_LINES)))
    return report

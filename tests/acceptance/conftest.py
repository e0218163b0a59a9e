"""A stack of its own for each worker of pytest (services get killed here), a system per test."""

import os
import uuid
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from psycopg import sql

from local.errors import ServiceFailed
from local.stack import Stack
from tests.acceptance.system import System, named_database
from tests.waiting import wait_until

TEMPLATE = "template_acceptance"
LOG_LINES = 40


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    stack = Stack(environ={})
    try:
        stack.start()
    except ServiceFailed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no services: {error}")
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def token(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the database that tests copy; return an API token that is good in every copy."""
    _create_database(stack, TEMPLATE)
    directory = tmp_path_factory.mktemp("template")
    system = System(
        stack,
        directory=directory,
        database_url=named_database(stack.postgres.url, TEMPLATE),
        name="template",
        token="",
    )
    prepare = system.command("prepare", "preparetemplate")
    prepare.start()
    assert prepare.wait_exit(60) == 0, prepare.log.tail()
    system.close()
    return prepare.log.text().splitlines()[-1]


@pytest.fixture
def system(stack: Stack, token: str, tmp_path: Path) -> Iterator[System]:
    """A database, a topic and a group that nobody used, services that answer, an empty Redis."""
    for service in stack.services:
        service.start()
        service.wait_ready()
    name = f"test_{uuid.uuid4().hex}"
    _create_database(stack, name, template=TEMPLATE)
    create_topic(stack, name)
    system = System(
        stack,
        directory=tmp_path,
        database_url=named_database(stack.postgres.url, name),
        name=name,
        token=token,
    )
    yield system
    system.close()
    stack.smtp.journal.clear()


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


def create_topic(stack: Stack, name: str, *, partitions: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": stack.environment["KAFKA_BOOTSTRAP_SERVERS"]})
    for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
        future.result(15)
    wait_until(lambda: name in admin.list_topics(timeout=5).topics)


def delete_topic(stack: Stack, name: str, *, group: str) -> None:
    """Forget a topic that tests share by its name, and how far its group is."""
    admin = AdminClient({"bootstrap.servers": stack.environment["KAFKA_BOOTSTRAP_SERVERS"]})
    futures = {**admin.delete_topics([name]), **admin.delete_consumer_groups([group])}
    for future in futures.values():
        with suppress(KafkaException):  # not there yet
            future.result(15)
    wait_until(lambda: name not in admin.list_topics(timeout=5).topics)


def _create_database(stack: Stack, name: str, *, template: str = "template1") -> None:
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))

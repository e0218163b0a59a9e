"""F37: PostgreSQL's disk is full: 503, no half event, and it goes on when there is room again."""

import json
from pathlib import Path

import pytest

from local.stack import Stack
from tests.acceptance.api_client import Answer, ApiClient
from tests.acceptance.small_disk import may_mount, postgres_on_a_small_disk
from tests.acceptance.system import System
from tests.acceptance.template import create_topic
from tests.checker import durable_lines
from tests.checker.invariants import violations
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(not may_mount(), reason="needs root: it mounts a file system")
FILLING = "x" * 400_000


@pytest.mark.usefixtures("token")  # the stack's own services are up
def test_a_full_disk_is_a_503_and_leaves_nothing_half(stack: Stack, tmp_path: Path) -> None:
    with postgres_on_a_small_disk(tmp_path / "disk") as (postgres, disk):
        system = System(
            stack, directory=tmp_path, database_url=postgres.url, name="disk_full", token=""
        )
        create_topic(stack, system.topic)
        try:
            system.token = prepared(system)
            client = start(system)
            answers = [offer(system, client, number) for number in range(3)]
            disk.fill()
            answers += [offer(system, client, number) for number in range(3, 13)]
            refused = [answer for answer in answers if answer.status != 202]
            assert {(each.status, each.headers.get("Retry-After")) for each in refused} == {
                (503, "2")
            }
            assert "No space left on device" in postgres.log.text()
            disk.clear()
            wait_until(client.is_ready, timeout_s=30)
            answers += [offer(system, client, number) for number in range(20, 23)]
            assert [each.status for each in answers[-3:]] == [202] * 3
            finish(system, accepted=sum(each.status == 202 for each in answers))
        finally:
            system.close()


def prepared(system: System) -> str:
    """Make the tables and a user; return the token."""
    prepare = system.command("prepare", "preparetemplate")
    prepare.start()
    assert prepare.wait_exit(60) == 0, prepare.log.tail()
    return prepare.log.text().splitlines()[-1]


def start(system: System) -> ApiClient:
    """Start the API, and what brings its events to the handler."""
    for process in (system.web(), system.relay(), system.consumer()):
        process.start()
    client = ApiClient(system.web_port, token=system.token)
    client.wait_until_ready()
    return client


def offer(system: System, client: ApiClient, number: int) -> Answer:
    """Post an event that takes room; note it if it was accepted."""
    event = {"type": "thing.happened", "key": "k", "id": str(number), "source": "/filling"}
    body = json.dumps({**event, "data": f"{number}{FILLING}"}).encode()
    answer = client.post(f"/api/v1/topics/{system.topic}/events", body)
    if answer.status == 202:
        told = answer.json
        line = {name: told[name] for name in ("source", "topic", "key", "value_sha256")}
        durable_lines.append(system.journal, [{**line, "id": told["ce_id"]}])
    return answer


def finish(system: System, *, accepted: int) -> None:
    """All that was accepted arrives, and nothing else is there."""
    wait_until(lambda: system.effects() == accepted, timeout_s=30)
    system.wait_until_recovered()
    assert system.value("SELECT count(*) FROM events_event") == accepted
    assert violations(system.history()) == []

"""F34: PostgreSQL is restarted, fast and immediately, under publish, relay and consume."""

from typing import Literal

import pytest

from local.supervisor import Supervisor
from tests.acceptance.api_client import ApiClient, PublishingClient
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_of_postgresql_costs_nothing(
    system: System, mode: Literal["fast", "immediate"]
) -> None:
    processes = [system.web(), system.relay(), system.consumer()]
    with Supervisor() as supervisor:
        for process in processes:
            supervisor.add(process)
        pids = [process.pid for process in processes]
        clients = [publishing_client(system, number) for number in range(2)]
        wait_until(lambda: system.effects() > 20, timeout_s=30)

        system.stack.postgres.restart(mode=mode)
        accepted = [client.accepted for client in clients]
        wait_until(
            lambda: all(
                client.accepted >= before + 30
                for client, before in zip(clients, accepted, strict=True)
            ),
            timeout_s=30,
        )
        for client in clients:
            client.stop()
        system.wait_until_recovered()
        assert [process.pid for process in processes] == pids
        assert supervisor.revivals == []
    history = system.history()
    assert violations(history) == []
    assert {*clients[0].answers, *clients[1].answers} <= {202, 503}
    # Nobody was told no, so every event has its effect; a repeated request made no second event.
    assert system.effects() == sum(client.accepted for client in clients)
    assert system.value("SELECT count(*) FROM events_event") == len(history.accepted)


def publishing_client(system: System, number: int) -> PublishingClient:
    api = ApiClient(system.web_port, token=system.token)
    api.wait_until_ready()
    client = PublishingClient(
        api, topic=system.topic, name=f"client-{number}", journal=system.journal
    )
    client.start()
    return client

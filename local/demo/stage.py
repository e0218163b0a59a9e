"""What the demo plays on: services, database, topics, a user, and the project's processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from local.demo.account import Account, read_account
from local.demo.client import Client
from local.demo.prepared import Prepared
from local.demo.processes import Processes, environment_of
from local.demo.readiness import wait_for_api, wait_for_beats
from local.demo.screen import Screen
from local.demo.state import State
from local.ports import lease_port
from local.processes import ManagedProcess
from local.stack import Stack
from local.supervisor import Supervisor

_WANTED_PORT = 8000


class Stage:
    """Set up in the order of the methods; `stop()` may be called at any time, and twice.

    Methods raise LocalError, and psycopg.Error when the database does not answer.
    """

    environment: Mapping[str, str]
    account: Account
    port: int
    api: ManagedProcess
    relay: ManagedProcess
    consumer: ManagedProcess
    replays: ManagedProcess | None = None

    def __init__(self, *, state: State, screen: Screen) -> None:
        self.state = state
        self.stack = Stack(state.services, say=screen.say)
        self._screen = screen
        self.supervisor = Supervisor(say=screen.say)
        self._is_set = False

    def start_services(self) -> None:
        """Start what the environment names nowhere else."""
        self.state.renew_long_logs()
        own = [service.name for service in self.stack.services]
        named = "using only services that the environment names"
        with self._screen.step(f"Starting {', '.join(own)}" if own else named.capitalize()):
            self.stack.start()
        self.environment = environment_of(os.environ, self.stack.environment, state=self.state)
        self._processes = Processes(state=self.state, environment=self.environment)

    def prepare(self) -> None:
        """Make tables, topics and a user with an API token, unless all is there already."""
        file = self.state.account
        prepared = Prepared(self.state, environment=self.environment)
        if not prepared.is_as_remembered():
            with self._screen.step("Making tables, topics and a user with an API token"):
                self._processes.run("prepare", "-m", "local.demo.prepare", str(file))
                prepared.remember()
        self.account = read_account(file)

    def start_processes(self) -> None:
        """Start API, relay and consumer, and return when they are ready."""
        self._port_lease = lease_port(_WANTED_PORT)
        self.port = self._port_lease.port
        with self._screen.step("Starting the API, the relay and the consumer"):
            self.api = self.supervisor.add(self._processes.api(port=self.port))
            self.relay = self.supervisor.add(self._processes.relay())
            self.consumer = self.supervisor.add(self._processes.consumer())
            self._is_set = True
            wait_for_api(self.api, self.client(), supervisor=self.supervisor)
            wait_for_beats(
                [self.relay, self.consumer],
                database_url=self.environment["DATABASE_URL"],
                supervisor=self.supervisor,
            )

    def start_replays(self) -> ManagedProcess:
        """Start the worker for replays; it is ready when it is."""
        self.replays = self.supervisor.add(self._processes.replays())
        return self.replays

    def client(self) -> Client:
        """A client of the API with the demo's token."""
        return Client(port=self.port, token=self.account.token)

    def waybill(self, name: str) -> str:
        """The waybill of the event that `name` finds, as text."""
        return self._processes.run("traceevent", "manage.py", "traceevent", name)

    def stop(self) -> None:
        """Stop everything, services last. Raises ServiceFailed."""
        if self._is_set:
            self._screen.line("Stopping the API, the relay and the consumer")
            processes = [self.consumer, self.relay, self.api]
            processes += [self.replays] if self.replays else []
            with ThreadPoolExecutor(max_workers=len(processes)) as pool:
                list(pool.map(ManagedProcess.stop, processes))
        self.supervisor.stop()
        if any(service.running for service in self.stack.services):
            self._screen.line("Stopping the services")
        self.stack.stop()

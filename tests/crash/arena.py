"""Arena: a running system under load, and everything of it that can be harmed."""

import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from local.processes import ManagedProcess
from local.service import Say
from local.stack import Stack
from local.supervisor import Supervisor
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System
from tests.acceptance.template import create_database, create_topic, delete_topic
from tests.crash.load import Load
from tests.crash.plan import Plan
from tests.crash.process_target import ProcessTarget
from tests.crash.pulse import Pulse
from tests.crash.service_target import ServiceTarget
from tests.crash.targets import Target
from tests.crash.topics import INVOICES_GROUP, INVOICES_TOPIC
from tests.crash.watch import Watch
from tests.crash.web_target import ALL, MASTER, WORKER, WebTarget

PARTITIONS, INVOICES_PARTITIONS = 6, 3
TWO = (1, 2)


class CrashSystem(System):
    """The system under test, with a client of its own."""

    def client(self, plan: Plan, *, status: Path, pause_file: Path) -> ManagedProcess:
        """The load, not started yet."""
        arguments = {
            "port": self.web_port,
            "topic": self.topic,
            "keys": plan.keys,
            "events-per-s": plan.events_per_s,
            "orders-per-s": plan.orders_per_s,
            "journal": self.journal,
            "status": status,
            "pause-file": pause_file,
        }
        flags = [part for name, value in arguments.items() for part in (f"--{name}", str(value))]
        argv = [sys.executable, "-m", "tests.crash.client", *flags]
        return self._process("client", argv, {"CRASH_TOKEN": self.token})

    def _environment(self) -> dict[str, str]:
        # A line per request would be most of what a long run writes.
        return {**super()._environment(), "WEB_ACCESS_LOG": "false"}


class Arena:
    """Set up by `start`, ended by `close`, whatever has happened.

    `broken` puts a broken variant (tests/failpoints/broken.py) into "relay" or "consumer".
    """

    def __init__(
        self,
        stack: Stack,
        *,
        token: str,
        directory: Path,
        plan: Plan,
        broken: Mapping[str, str],
        say: Say,
    ) -> None:
        name = f"crash_{uuid.uuid4().hex}"
        self.system = CrashSystem(
            stack,
            directory=directory,
            database_url=create_database(stack, name),
            name=name,
            token=token,
        )
        self._plan = plan
        self._broken = broken
        self._supervisor = Supervisor(say=say)
        self.pulse = Pulse(self.system.database_url)
        self.watch = Watch(self.system)
        self.load = self._load(directory)
        self.targets: list[Target] = []

    def start(self) -> None:
        """Make topics, start everything and then the load; returns when all of it works."""
        stack, system = self.system.stack, self.system
        create_topic(stack, system.topic, partitions=PARTITIONS)
        delete_topic(stack, INVOICES_TOPIC, group=INVOICES_GROUP)
        create_topic(stack, INVOICES_TOPIC, partitions=INVOICES_PARTITIONS)
        system.watch(INVOICES_TOPIC, group=INVOICES_GROUP)
        stack.smtp.journal.clear()
        self.pulse.start()
        self.watch.start()
        self.targets = [*self._processes(), *self._web(), *map(ServiceTarget, stack.services)]
        self.load.start()
        for target in self.targets:
            assert target.wait_back(self._plan.back_within_s), f"{target.name} does not work"

    def end_processes(self) -> None:
        """End load, watchers and processes in order; the services stay."""
        self.load.stop()
        self.watch.stop()
        self.pulse.stop()
        self._supervisor.stop(grace_s=30.0)

    def close(self) -> None:
        """End every process, at once where it has not ended yet."""
        self._supervisor.stop(grace_s=0.0)
        self.system.close()

    def _processes(self) -> list[ProcessTarget]:
        system, broken = self.system, self._broken
        processes = [system.relay(f"relay {n}", broken=broken.get("relay", "")) for n in TWO]
        processes += [
            system.consumer(f"consumer {n}", broken=broken.get("consumer", "")) for n in TWO
        ]
        processes += [system.consumer(f"invoices {n}", group=INVOICES_GROUP) for n in TWO]
        return [
            ProcessTarget(self._supervisor.add(process), pulse=self.pulse) for process in processes
        ]

    def _web(self) -> list[WebTarget]:
        process = self._supervisor.add(self.system.web())
        api = ApiClient(self.system.web_port, token=self.system.token)
        api.wait_until_ready()
        return [WebTarget(name, process=process, api=api) for name in (ALL, MASTER, WORKER)]

    def _load(self, directory: Path) -> Load:
        files = {"status": directory / "status.json", "pause_file": directory / "pause"}
        return Load(self.system.client(self._plan, **files), **files)

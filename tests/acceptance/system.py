"""The system under test: real commands as processes, over one test's database and topic."""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka import KafkaException

from local.children import ROOT
from local.ports import lease_port
from local.processes import ManagedProcess
from local.stack import Stack
from tests.acceptance.faults import Faults
from tests.checker import collecting, dump
from tests.checker.history import History, Received
from tests.checker.invariants import RECOVER_WITHIN_S
from tests.waiting import wait_until

# Short enough for outages to be felt in a test, as FAULTS.md has them.
TIMERS = {
    "KAFKA_CONSUMER_SESSION_TIMEOUT_MS": "6000",
    "KAFKA_CONSUMER_HEARTBEAT_INTERVAL_MS": "1000",
    "KAFKA_CONSUMER_MAX_POLL_INTERVAL_MS": "10000",
}
# A member with a name has its partitions back at once; the group waits for no lost session.
STATIC = {"KAFKA_CONSUMER_GROUP_INSTANCE_ID": "the only one"}


class System(Faults):
    """Makes processes and reads what they leave behind. The processes end with the test."""

    def __init__(
        self, stack: Stack, *, directory: Path, database_url: str, name: str, token: str
    ) -> None:
        super().__init__(directory)
        self.stack = stack
        self.database_url = database_url
        self.topic = self.group = name
        self.token = token
        self._watched = {name: name}
        self.journal = directory / "accepted.jsonl"
        self.trace = directory / "trace.jsonl"
        self.performed = directory / "performed.jsonl"
        self.variables: dict[str, str] = {}  # for every process
        self.processes: list[ManagedProcess] = []
        self._port = lease_port()
        self._recovered_after_s: float | None = None

    # --- processes ------------------------------------------------------------------------------

    def relay(self, name: str = "relay", **options: Any) -> ManagedProcess:
        """A relay, not started yet; `options` as for `command`."""
        return self.command(name, "runrelay", **options)

    def consumer(self, name: str = "consumer", group: str = "", **options: Any) -> ManagedProcess:
        """A consumer of the test's group, not started yet; `options` as for `command`."""
        return self.command(name, "runconsumer", group or self.group, **options)

    def mortal_relay(self, **options: Any) -> ManagedProcess:
        """A relay that is back at once after each kill."""
        return self.command("relay", "revive", "runrelay", **options)

    def mortal_consumer(self, group: str = "", **options: Any) -> ManagedProcess:
        """A consumer that is back at once after each kill; `always=True`: after any failure."""
        always = ["--always"] if options.pop("always", False) else []
        own = {**STATIC, **options.pop("variables", {})}
        words = ("revive", *always, "runconsumer", group or self.group)
        return self.command("consumer", *words, variables=own, **options)

    def load(
        self,
        name: str = "load",
        *,
        every_s: float = 0.05,
        failpoints: str = "",
        variables: Mapping[str, str] | None = None,
        **options: object,
    ) -> ManagedProcess:
        """A client that publishes until it is stopped or has `count` events accepted."""
        arguments = {"name": name, "journal": self.journal, "every-s": every_s, **options}
        flags = [part for key, value in arguments.items() for part in (f"--{key}", str(value))]
        words = ("publishload", *flags)
        return self.command(name, *words, failpoints=failpoints, variables=variables)

    def web(
        self, *flags: str, failpoints: str = "", variables: Mapping[str, str] | None = None
    ) -> ManagedProcess:
        """The API, served by gunicorn as in production, not started yet; `flags` are for it."""
        words = ["-m", "gunicorn", "-c", "config/gunicorn.py"]
        argv = [sys.executable, *words, *flags, "config.wsgi"]
        bind = f"127.0.0.1:{self.web_port}"
        own = {"WEB_BIND": bind, "FAILPOINTS": failpoints, **(variables or {})}
        return self._process("web", argv, own)

    @property
    def web_port(self) -> int:
        """Where `web` listens."""
        return self._port.port

    def command(
        self,
        name: str,
        *arguments: str,
        failpoints: str = "",
        broken: str = "",
        waybill: Mapping[str, Any] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> ManagedProcess:
        """A management command as a process; `waybill` changes settings of Waybill for it."""
        own = {
            "FAILPOINTS": failpoints,
            "BROKEN": broken,
            "WAYBILL_CHANGES": json.dumps(waybill or {}),
            **(variables or {}),
        }
        return self._process(name, [sys.executable, "manage.py", *arguments], own)

    def publish(self, count: int, *, name: str = "load", topic: str = "") -> None:
        """Have a client publish `count` events, and wait for its end."""
        together = min(count, 100)
        topic = topic or self.topic
        load = self.load(name, count=count, together=together, every_s=0.0, topic=topic)
        load.start()
        assert load.wait_exit(30) == 0, load.log.tail()

    def _process(self, name: str, argv: list[str], own: Mapping[str, str]) -> ManagedProcess:
        process = ManagedProcess(
            name,
            argv=argv,
            environment={**self._environment(), **own},
            directory=ROOT,
            log=self.directory / f"{name}.log",
        )
        self.processes.append(process)
        return process

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **self.stack.environment,
            **TIMERS,
            "DATABASE_URL": self.database_url,
            "RELAY_DATABASE_URL": self.database_url,
            "DJANGO_SETTINGS_MODULE": "tests.acceptance.settings",
            "EXTRA_APPS": "tests.failpoints",
            "ACCEPTANCE_TOPIC": self.topic,
            "ACCEPTANCE_GROUP": self.group,
            "ACCEPTANCE_TRACE": str(self.trace),
            "ACCEPTANCE_PERFORMED": str(self.performed),
            **self.variables,
        }

    def close(self) -> None:
        """End every process."""
        for process in self.processes:
            process.kill()
        self._port.release()

    # --- what can be observed -------------------------------------------------------------------

    @contextmanager
    def database(self) -> Iterator[collecting.Connection]:
        """A connection of our own to the test's database."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            yield connection

    def effects(self) -> int:
        """How many effects are committed."""
        return int(self.value("SELECT count(*) FROM failpoints_effect"))

    def value(self, query: str) -> Any:
        """The first column of the first row of a query."""
        with self.database() as connection:
            row = connection.execute(query.encode()).fetchone()
            assert row is not None, f"no row: {query}"
            return row[0]

    def backlog(self) -> int:
        """How many entries wait for the relay."""
        with self.database() as connection:
            return collecting.backlog(connection)

    def lag(self) -> int:
        """How many records of the watched topics are not committed by their groups."""
        return sum(
            dump.lag(group, [topic], kafka=self.kafka) for topic, (group,) in self._groups.items()
        )

    def wait_until_recovered(self, *, timeout_s: float = RECOVER_WITHIN_S) -> float:
        """Wait until backlog and lag are zero; the time goes into the history."""
        began = time.monotonic()
        wait_until(lambda: not self.backlog(), timeout_s=timeout_s, every_s=0.1)
        left_s = timeout_s - (time.monotonic() - began)
        wait_until(self._has_no_lag, timeout_s=max(left_s, 0.1), every_s=0.2)
        self._recovered_after_s = time.monotonic() - began
        return self._recovered_after_s

    @property
    def _groups(self) -> dict[str, tuple[str, ...]]:
        return {topic: (group,) for topic, group in self._watched.items() if group}

    def _has_no_lag(self) -> bool:
        try:
            return self.lag() == 0
        except KafkaException:
            return False  # Kafka has just come back; the deadline decides

    @property
    def kafka(self) -> str:
        """The brokers' address."""
        return self.stack.environment["KAFKA_BOOTSTRAP_SERVERS"]

    def watch(self, topic: str, *, group: str = "") -> None:
        """Have the history tell of this topic too, and of the group that handles it."""
        self._watched[topic] = group

    def history(self, *, mails: Sequence[Received] = ()) -> History:
        """Everything the run left behind."""
        with self.database() as database:
            return History(
                accepted=collecting.accepted_by(self.journal),
                records=tuple(
                    record
                    for topic in self._watched
                    for record in dump.written(topic, kafka=self.kafka)
                ),
                publications=collecting.publications(database),
                parked=collecting.parked(database),
                consumptions=collecting.consumptions(database),
                attempts=collecting.attempts(database),
                dead_letters=collecting.dead_letters(database),
                effects=collecting.effects(database),
                trace=collecting.handled(self.trace),
                mails=tuple(mails),
                sent_invoices=collecting.sent_invoices(database),
                groups=self._groups,
                closed_keys=collecting.closed_keys(database),
                first_offsets=dump.first_offsets(self._watched, kafka=self.kafka),
                traced_groups=frozenset({self.group}),
                backlog=collecting.backlog(database),
                lag=self.lag(),
                recovered_after_s=self._recovered_after_s,
            )

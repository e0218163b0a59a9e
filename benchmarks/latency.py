"""How long from POST to the committed row of a handler, and from POST to the mail?

`python -m benchmarks.latency [--rate 50] [--seconds 20] [--orders 5]` starts everything on this
machine and prints our percentiles, those of a bare client (produce, poll, INSERT, commit) at
the same rate in the same run, and the ratio.
"""

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from benchmarks.bare_client import BareClient
from local.children import ROOT
from local.demo.screen import Screen
from local.demo.stage import Stage
from local.demo.state import State
from local.processes import ManagedProcess
from local.supervisor import Supervisor

TABLES = """
    CREATE TABLE IF NOT EXISTS bench_effect (id bigserial PRIMARY KEY, n text NOT NULL);
    CREATE TABLE IF NOT EXISTS bare_effect (id bigserial PRIMARY KEY, n text NOT NULL)
"""

ASSIGNED = "SELECT 1 FROM events_heartbeat WHERE name = 'bench' AND assignment <> '[]'"


class Arrivals:
    """When each number was told committed, by LISTEN on a connection of its own."""

    def __init__(self, database_url: str) -> None:
        self.at: dict[str, float] = {}
        self._stop = threading.Event()
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._connection.execute("LISTEN bench")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            for notify in self._connection.notifies(timeout=0.2):
                self.at[notify.payload] = time.perf_counter()

    def wait(self, count: int, *, timeout_s: float) -> None:
        """Wait until `count` numbers arrived. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while len(self.at) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.at)} of {count} effects within {timeout_s:g} s")
            self._stop.wait(0.05)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join()
        self._connection.close()


def at_rate(send: Callable[[str], None], *, rate: float, seconds: float) -> dict[str, float]:
    """Call `send(number)` at a fixed rate; returns when each was due, so that delays add up."""
    sent: dict[str, float] = {}
    clock = threading.Event()
    began = time.perf_counter()
    for n in range(int(rate * seconds)):
        due = began + n / rate
        clock.wait(max(0.0, due - time.perf_counter()))
        number = uuid.uuid4().hex
        sent[number] = due
        send(number)
    return sent


def percentiles(latencies: Sequence[float]) -> str:
    """Return p50, p95 and p99 in milliseconds, as text."""
    cuts = statistics.quantiles(latencies, n=100)
    return "  ".join(f"p{p} {cuts[p - 1] * 1000:6.1f} ms" for p in (50, 95, 99))


class Bench:
    """The running system, and what is asked of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._http = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=30)
        self._headers = {
            "Authorization": f"Token {stage.account.token}",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: dict[str, object], *, expected: int) -> None:
        """POST JSON over a connection that is kept. Raises RuntimeError on another status."""
        self._http.request("POST", path, json.dumps(body), self._headers)
        response = self._http.getresponse()
        text = response.read()
        if response.status != expected:
            raise RuntimeError(f"{path} answered {response.status}: {text[:300]!r}")

    def effects(self, *, rate: float, seconds: float) -> tuple[list[float], list[float]]:
        """Measure POST to committed effect; returns our latencies and the bare client's."""
        url = self._stage.environment["DATABASE_URL"]
        ours = self._measure(url, self._publish, rate=rate, seconds=seconds)
        servers = self._stage.environment["KAFKA_BOOTSTRAP_SERVERS"]
        with BareClient(bootstrap_servers=servers, database_url=url) as bare:
            bares = self._measure(url, bare.send, rate=rate, seconds=seconds)
        return ours, bares

    def mails(self, *, rate: float, seconds: float) -> list[float]:
        """Measure POST of an order to the mail stored by the SMTP server, by the wall clock."""
        self._http.close()  # the server has closed its end of an idle connection; open a new one
        offset = time.time() - time.perf_counter()
        sent = at_rate(self._order, rate=rate, seconds=seconds)
        smtp = self._stage.stack.smtp
        smtp.wait_for_mails(len(sent), timeout_s=60)
        received = {mail.recipients[0].split("@")[0]: mail.received_at for mail in smtp.mails()}
        return [received[n].timestamp() - (at + offset) for n, at in sent.items()]

    def _measure(
        self, url: str, send: Callable[[str], None], *, rate: float, seconds: float
    ) -> list[float]:
        arrivals = Arrivals(url)
        try:
            at_rate(send, rate=rate, seconds=2)  # warms connections and caches up
            sent = at_rate(send, rate=rate, seconds=seconds)
            arrivals.wait(len(sent) + int(rate * 2), timeout_s=60)
        finally:
            arrivals.close()
        return [arrivals.at[n] - at for n, at in sent.items()]

    def _publish(self, number: str) -> None:
        body: dict[str, object] = {
            "type": "bench.requested",
            "key": number,
            "data": {"n": number, "pad": "x" * 370},
        }
        self.post("/api/v1/topics/bench_effect_eu_web/events", body, expected=202)

    def _order(self, number: str) -> None:
        line = {"description": "Widget", "quantity": 1, "unit_price": "9.99"}
        body: dict[str, object] = {
            "order_id": number,
            "customer": {"name": "Ada", "email": f"{number}@example.com"},
            "currency": "EUR",
            "lines": [line],
        }
        self.post("/api/v1/orders", body, expected=201)


def measure(stage: Stage, options: argparse.Namespace) -> None:
    """Print the figures."""
    bench = Bench(stage)
    ours, bares = bench.effects(rate=options.rate, seconds=options.seconds)
    ratio = statistics.median(ours) / statistics.median(bares)
    say = sys.stdout.write
    say(f"POST to committed effect, {options.rate:g}/s:  {percentiles(ours)}\n")
    say(f"bare client, {options.rate:g}/s:               {percentiles(bares)}\n")
    say(f"ratio of the medians: {ratio:.2f}\n")
    mails = bench.mails(rate=options.orders, seconds=options.seconds)
    say(f"POST to mail received, {options.orders:g}/s:     {percentiles(mails)}\n")


def run(options: argparse.Namespace) -> None:
    """Start everything in a temporary directory, measure, stop everything."""
    os.environ["EXTRA_APPS"] = "benchmarks.effects"
    os.environ["LOG_LEVEL"] = "WARNING"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        stage = Stage(state=State(directory=Path(directory)), screen=Screen())
        supervisor = Supervisor()
        try:
            stage.start_services()
            stage.prepare()
            with psycopg.connect(stage.environment["DATABASE_URL"]) as connection:
                connection.execute(TABLES)
            stage.start_processes()
            supervisor.add(_consumer(stage, Path(directory)))
            wait_until_assigned(stage.environment["DATABASE_URL"], timeout_s=60)
            measure(stage, options)
        finally:
            supervisor.stop()
            stage.stop()


def wait_until_assigned(database_url: str, *, timeout_s: float) -> None:
    """Wait until the group of the benchmark has its partitions. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    with psycopg.connect(database_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if connection.execute(ASSIGNED).fetchone():
                return
            threading.Event().wait(0.1)
    raise TimeoutError(f"the consumer has no partitions after {timeout_s:g} s")


def _consumer(stage: Stage, directory: Path) -> ManagedProcess:
    return ManagedProcess(
        "bench consumer",
        argv=[sys.executable, "manage.py", "runconsumer", "bench"],
        environment=stage.environment,
        directory=ROOT,
        log=directory / "bench-consumer.log",
        restart="never",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--orders", type=float, default=5.0)
    run(parser.parse_args())

"""A contest: the API and the plain peer, served alike, asked in turns by the same client."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.load import Load
from benchmarks.stage import process
from local.children import ROOT
from local.demo.client import Client
from local.demo.stage import Stage
from local.ports import lease_port
from local.processes import ManagedProcess

ROUNDS = 5
SECONDS = 4.0
CONNECTIONS = 16
READY_WITHIN_S = 60.0
TABLE = "CREATE TABLE IF NOT EXISTS plain_event (id bigserial PRIMARY KEY, key text, value jsonb)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two: its WSGI application and the address that is asked."""

    name: str
    application: str
    path: str


API = Side(name="api", application="config.wsgi", path="/api/v1/topics/bench_effect_eu_web/events")
PLAIN = Side(name="plain", application="benchmarks.plain.wsgi", path="/events")
PLAIN_BATCHES = Side(name="plain", application="benchmarks.plain.wsgi", path="/batches")


def contest(stage: Stage, sides: tuple[Side, Side], *, batch: int, workers: int) -> list[Load]:
    """Return the median load of each side; each is served by gunicorn with config/gunicorn.py."""
    with psycopg.connect(stage.environment["DATABASE_URL"]) as connection:
        connection.execute(TABLE)
    loads: list[list[Load]] = [[] for _ in sides]
    with served(stage, sides, workers=workers) as ports:
        for _ in range(ROUNDS + 1):
            for side, port, found in zip(sides, ports, loads, strict=True):
                found.append(_load(stage, side.path, port=port, batch=batch))
    return [_median(found[1:]) for found in loads]  # the first round warmed up


@contextmanager
def served(stage: Stage, sides: Sequence[Side], *, workers: int) -> Iterator[list[int]]:
    """Serve the sides until the block is left; yields their ports."""
    leases = [lease_port(8100 + number) for number, _ in enumerate(sides)]
    ports = [lease.port for lease in leases]
    servers = [
        _server(stage, side, port=port, workers=workers)
        for side, port in zip(sides, ports, strict=True)
    ]
    try:
        for server in servers:
            server.start()
        for port in ports:
            _wait_until_served(port)
        yield ports
    finally:
        for server in servers:
            server.stop()
        for lease in leases:
            lease.release()


def _server(stage: Stage, side: Side, *, port: int, workers: int) -> ManagedProcess:
    serve = ("-m", "gunicorn", "-c", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}")
    return process(
        stage,
        f"bench-{side.name}",
        *serve,
        side.application,
        environment={"WEB_WORKERS": str(workers)},
    )


def _wait_until_served(port: int) -> None:
    deadline, pause = time.monotonic() + READY_WITHIN_S, threading.Event()
    while time.monotonic() < deadline:
        try:
            Client(port=port).get("/")
        except OSError:
            pause.wait(0.1)
        else:
            return
    raise TimeoutError(f"nobody answers at port {port}")


def _load(stage: Stage, path: str, *, port: int, batch: int) -> Load:
    command = [sys.executable, "-m", "benchmarks.load", str(port), path, "--batch", str(batch)]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(SECONDS)]
    environment = {**os.environ, "BENCH_TOKEN": stage.account.token}
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE
    )
    return Load(**json.loads(done.stdout))


def _median(loads: Sequence[Load]) -> Load:
    names = ("per_second", "p50_s", "p99_s", "client_cpu_s")
    return Load(
        **{name: statistics.median(getattr(load, name) for load in loads) for name in names}
    )

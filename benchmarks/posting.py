"""How many events does the API accept a second, one POST each, over 16 kept connections?

`python -m benchmarks.posting` asks the API and, in the same rounds, a plain Django view with one
raw INSERT, both served by gunicorn with config/gunicorn.py and one worker.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence

import psycopg

from benchmarks.figure import Figure, against
from benchmarks.load import Load
from benchmarks.stage import process, run_alone
from local.children import ROOT
from local.demo.client import Client
from local.demo.stage import Stage
from local.ports import lease_port
from local.processes import ManagedProcess

ROUNDS = 5
SECONDS = 4.0
CONNECTIONS = 16
READY_WITHIN_S = 60.0
OURS, PLAIN = "/api/v1/topics/bench_effect_eu_web/events", "/events"
TABLE = "CREATE TABLE IF NOT EXISTS plain_event (id bigserial PRIMARY KEY, key text, value jsonb)"


def measure(stage: Stage) -> list[Figure]:
    """Return requests/s beside the plain view's, and the latencies of both."""
    with psycopg.connect(stage.environment["DATABASE_URL"]) as connection:
        connection.execute(TABLE)
    ports = {OURS: lease_port(8100), PLAIN: lease_port(8101)}
    servers = [
        _server(stage, "api", "config.wsgi", port=ports[OURS].port),
        _server(stage, "plain", "benchmarks.plain.wsgi", port=ports[PLAIN].port),
    ]
    try:
        for server in servers:
            server.start()
        loads: dict[str, list[Load]] = {OURS: [], PLAIN: []}
        for path, port in ports.items():
            _wait_until_served(port.port)
            _load(stage, path, port=port.port, seconds=1.0)  # warms up
        for _ in range(ROUNDS):
            for path, port in ports.items():
                loads[path].append(_load(stage, path, port=port.port, seconds=SECONDS))
    finally:
        for server in servers:
            server.stop()
    return _figures(loads)


def _figures(loads: Mapping[str, Sequence[Load]]) -> list[Figure]:
    def both(name: str) -> tuple[float, float]:
        ours, plain = (
            statistics.median(getattr(load, name) for load in loads[path])
            for path in (OURS, PLAIN)
        )
        return ours, plain

    asked = f"POST of one event, {CONNECTIONS} connections"
    view = "plain Django view, raw INSERT"
    ours, plain = both("per_second")
    figures = [against(asked, ours=ours, unit="/s", peer=plain, peer_name=view, target=">= 0.50x")]
    for name, label in (("p50_s", "p50"), ("p99_s", "p99")):
        ours, plain = (value * 1000 for value in both(name))
        figures.append(
            against(f"{asked}: {label}", ours=ours, unit="ms", peer=plain, peer_name=view)
        )
    client = both("client_cpu_s")[0] * 1e6
    figures.append(Figure(question="CPU of the load's own client", ours=client, unit="us/request"))
    return figures


def _server(stage: Stage, name: str, application: str, *, port: int) -> ManagedProcess:
    serve = ("-m", "gunicorn", "-c", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}")
    return process(stage, f"bench-{name}", *serve, application)


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


def _load(stage: Stage, path: str, *, port: int, seconds: float) -> Load:
    command = [sys.executable, "-m", "benchmarks.load", str(port), path]
    command += ["--connections", str(CONNECTIONS), "--seconds", str(seconds)]
    environment = {**os.environ, "BENCH_TOKEN": stage.account.token}
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE
    )
    return Load(**json.loads(done.stdout))


if __name__ == "__main__":
    run_alone(measure)

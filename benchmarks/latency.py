"""How long from POST to the committed row of a handler, and from POST to the mail?

`python -m benchmarks.latency` asks at 50 and at 200 requests a second, and beside it a bare client
(produce, poll, INSERT, commit) at the same rates in the same run.
"""

import http.client
import json
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from benchmarks.bare_client import BareClient
from benchmarks.figure import Figure, against
from benchmarks.stage import process, run_alone
from benchmarks.tables import BARE, OURS
from local.demo.stage import Stage

RATES = (50.0, 200.0)
SECONDS = 15.0
ORDERS_RATE = 5.0
SENDERS = 16
# What is to be reached at 200/s, by percentile.
TARGETS = {(200.0, 50): "<= 25 ms", (200.0, 99): "<= 80 ms"}

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

    def wait(self, numbers: Collection[str], *, timeout_s: float) -> None:
        """Wait until all the numbers have arrived. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        missing = set(numbers)
        while missing := missing - self.at.keys():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} effects are missing after {timeout_s:g} s")
            self._stop.wait(0.05)

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join()
        self._connection.close()


def at_rate(send: Callable[[str], None], *, rate: float, seconds: float) -> dict[str, float]:
    """Call `send(number)` at a fixed rate; returns when each was due, so that delays add up.

    Several send at once: one that is slow does not hold up those that are due after it.
    """
    sent: dict[str, float] = {}
    clock = threading.Event()
    began = time.perf_counter()
    with ThreadPoolExecutor(SENDERS) as pool:
        under_way = []
        for n in range(int(rate * seconds)):
            due = began + n / rate
            clock.wait(max(0.0, due - time.perf_counter()))
            number = uuid.uuid4().hex
            sent[number] = due
            under_way.append(pool.submit(send, number))
        for one in under_way:
            one.result()
    return sent


def percentiles(latencies: Sequence[float]) -> dict[int, float]:
    """Return p50, p95 and p99 in milliseconds."""
    cuts = statistics.quantiles(latencies, n=100)
    return {p: cuts[p - 1] * 1000 for p in (50, 95, 99)}


class Bench:
    """The running system, and what is asked of it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._own = threading.local()
        self._headers = {
            "Authorization": f"Token {stage.account.token}",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: dict[str, object], *, expected: int) -> None:
        """POST JSON over a connection that is kept. Raises RuntimeError on another status."""
        try:
            response = self._asked(path, body)
        except ConnectionError:  # the server has closed one that nobody used for a while
            self._own.connection = None
            response = self._asked(path, body)
        text = response.read()
        if response.status != expected:
            raise RuntimeError(f"{path} answered {response.status}: {text[:300]!r}")

    def _asked(self, path: str, body: dict[str, object]) -> http.client.HTTPResponse:
        connection = self._connection()
        connection.request("POST", path, json.dumps(body), self._headers)
        return connection.getresponse()

    def publish(self, number: str) -> None:
        """POST one event of 400 bytes, whose handler tells its number."""
        body: dict[str, object] = {
            "type": "bench.requested",
            "key": number,
            "data": {"n": number, "pad": "x" * 370},
        }
        self.post("/api/v1/topics/bench_effect_eu_web/events", body, expected=202)

    def _connection(self) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if kept is None:  # the pool's threads are new for every run, and so are their connections
            kept = http.client.HTTPConnection("127.0.0.1", self._stage.port, timeout=30)
            self._own.connection = kept
        return kept

    def effects(self, *, rate: float, seconds: float) -> tuple[list[float], list[float]]:
        """Measure POST to committed effect; returns our latencies and the bare client's."""
        url = self._stage.environment["DATABASE_URL"]
        ours = self._measure(url, self.publish, rate=rate, seconds=seconds)
        servers = self._stage.environment["KAFKA_BOOTSTRAP_SERVERS"]
        with BareClient(bootstrap_servers=servers, database_url=url) as bare:
            bares = self._measure(url, bare.send, rate=rate, seconds=seconds)
        return ours, bares

    def mails(self, *, rate: float, seconds: float) -> list[float]:
        """Measure POST of an order to the mail stored by the SMTP server, by the wall clock."""
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
            arrivals.wait(sent, timeout_s=60)
        finally:
            arrivals.close()
        return [arrivals.at[n] - at for n, at in sent.items()]

    def _order(self, number: str) -> None:
        line = {"description": "Widget", "quantity": 1, "unit_price": "9.99"}
        body: dict[str, object] = {
            "order_id": number,
            "customer": {"name": "Ada", "email": f"{number}@example.com"},
            "currency": "EUR",
            "lines": [line],
        }
        self.post("/api/v1/orders", body, expected=201)


def measure(stage: Stage) -> list[Figure]:
    """Return the percentiles at every rate beside the bare client's, and those of the mails."""
    with psycopg.connect(stage.environment["DATABASE_URL"]) as connection:
        connection.execute(OURS)
        connection.execute(BARE)
    stage.start_processes()
    consumer = process(stage, "bench-consumer", "manage.py", "runconsumer", "bench")
    consumer.start()
    try:
        wait_until_assigned(stage.environment["DATABASE_URL"], timeout_s=60)
        bench = Bench(stage)
        figures = [figure for rate in RATES for figure in _effects(bench, rate=rate)]
        mails = percentiles(bench.mails(rate=ORDERS_RATE, seconds=SECONDS))
    finally:
        consumer.stop()
    asked = f"POST of an order to its mail, {ORDERS_RATE:g}/s"
    return figures + [
        Figure(question=f"{asked}: p{p}", ours=ms, unit="ms") for p, ms in mails.items()
    ]


def _effects(bench: Bench, *, rate: float) -> list[Figure]:
    ours, bares = map(percentiles, bench.effects(rate=rate, seconds=SECONDS))
    return [
        against(
            f"POST to committed effect, {rate:g}/s: p{p}",
            ours=ms,
            unit="ms",
            peer=bares[p],
            peer_name="bare client",
            target=TARGETS.get((rate, p), ""),
        )
        for p, ms in ours.items()
    ]


def wait_until_assigned(database_url: str, *, timeout_s: float) -> None:
    """Wait until the group of the benchmark has its partitions. Raises TimeoutError."""
    deadline = time.monotonic() + timeout_s
    with psycopg.connect(database_url, autocommit=True) as connection:
        while time.monotonic() < deadline:
            if connection.execute(ASSIGNED).fetchone():
                return
            threading.Event().wait(0.1)
    raise TimeoutError(f"the consumer has no partitions after {timeout_s:g} s")


if __name__ == "__main__":
    run_alone(measure)

"""How fast does a replay pass over what is done already, and what does it do to the living group?

`python -m benchmarks.replaying` consumes 400,000 messages of 400 bytes once and replays them, and
beside it, in the same rounds, what one writes by hand to find out that all is done, and fetching
alone. Then a group lives with 50 events a second, alone, and while 200,000 old messages of it are
replayed in a process beside its own: such as are done, and such as its handler runs.
"""

import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from confluent_kafka import Consumer, TopicPartition

from benchmarks.consuming import LONG
from benchmarks.figure import Figure, against
from benchmarks.filled_topic import fill
from benchmarks.latency import Arrivals, Bench, at_rate, percentiles, wait_until_assigned
from benchmarks.stage import process, run_alone
from benchmarks.tables import BARE, OURS
from local.demo.stage import Stage
from local.processes import ManagedProcess

MESSAGES = 400_000
PAST, PAST_MESSAGES = "bench_past_eu_web", 200_000
ROUNDS = 3
RATE, SECONDS = 50.0, 20.0
PATIENCE_S = 300.0
MOVING = "SELECT 1 FROM events_replay WHERE state = 'running' AND counters <> '{}'"
ENVIRONMENT = {"DJANGO_SETTINGS_MODULE": "config.settings"}


def measure(stage: Stage) -> list[Figure]:
    """Return the speed of a replay beside its peers', and the living group's latencies."""
    with psycopg.connect(stage.environment["DATABASE_URL"]) as connection:
        connection.execute(OURS)
        connection.execute(BARE)
    servers = stage.environment["KAFKA_BOOTSTRAP_SERVERS"]
    fill(LONG, bootstrap_servers=servers, messages=MESSAGES)
    fill(PAST, bootstrap_servers=servers, messages=PAST_MESSAGES)
    return [*_speeds(stage), *_living(stage)]


def _speeds(stage: Stage) -> Iterator[Figure]:
    _last(stage, "consume", "consumer_pass", "bench_batch", "--fresh")
    _last(stage, "batches", "bare_consumer", "batches", LONG)
    ours: list[float] = []
    peers: dict[str, list[float]] = {"look": [], "read": []}
    for _ in range(ROUNDS):
        told = json.loads(_last(stage, "replay", "replay_pass", "bench_batch"))
        if told["counters"] != {"done": MESSAGES}:
            raise RuntimeError(f"not all was done: {told}")
        ours.append(told["per_second"])
        for way, found in peers.items():
            found.append(float(_last(stage, way, "bare_consumer", way, LONG, "--done")))
    names = {"look": "500 at a time by hand: one SELECT by key", "read": "fetching alone"}
    for way, found in peers.items():
        yield against(
            f"replay over {MESSAGES:,} done already",
            ours=statistics.median(ours),
            unit="messages/s",
            peer=statistics.median(found),
            peer_name=names[way],
            target=">= 40,000/s" if way == "look" else "",
        )


def _living(stage: Stage) -> Iterator[Figure]:
    _commit_ends(stage.environment["KAFKA_BOOTSTRAP_SERVERS"])
    stage.start_processes()
    consumer = process(stage, "bench-consumer", "manage.py", "runconsumer", "bench")
    consumer.start()
    try:
        wait_until_assigned(stage.environment["DATABASE_URL"], timeout_s=60)
        _last(stage, "replay-once", "replay_pass", "bench", PAST)  # what was never done
        alone, beside = _rounds(stage)
    finally:
        consumer.stop()
    for what, latencies in beside.items():
        for p, ms in percentiles(latencies).items():
            yield against(
                f"POST to committed effect, {RATE:g}/s, beside {what}: p{p}",
                ours=ms,
                unit="ms",
                peer=percentiles(alone)[p],
                peer_name="without a replay",
                target="< 2x" if p == 99 else "",  # noqa: PLR2004 - what was promised
            )


def _rounds(stage: Stage) -> tuple[list[float], dict[str, list[float]]]:
    bench = Bench(stage)
    url = stage.environment["DATABASE_URL"]
    alone: list[float] = []
    runs = ("a replay that runs its handler", "--force"), ("a replay over what is done", "")
    beside: dict[str, list[float]] = {what: [] for what, _ in runs}
    _measured(bench, url)  # warms up
    for _ in range(ROUNDS):
        alone += _measured(bench, url)
        for what, option in runs:
            with _replay(stage, *filter(None, [option])):
                beside[what] += _measured(bench, url)
    return alone, beside


def _measured(bench: Bench, url: str) -> list[float]:
    arrivals = Arrivals(url)
    try:
        sent = at_rate(bench.publish, rate=RATE, seconds=SECONDS)
        arrivals.wait(sent, timeout_s=60)
    finally:
        arrivals.close()
    return [arrivals.at[number] - due for number, due in sent.items()]


@contextmanager
def _replay(stage: Stage, *options: str) -> Iterator[None]:
    """Replay the past for as long as the load lasts, and make sure that it did."""
    arguments = ("-m", "benchmarks.replay_pass", "bench", PAST, *options)
    run = process(
        stage, "replay-beside", *arguments, "--for", str(SECONDS + 8), environment=ENVIRONMENT
    )
    run.start()
    _wait_until_moving(stage.environment["DATABASE_URL"])
    yield
    if not run.running:
        raise RuntimeError(f"the replay ended before the load:\n{run.log.tail()}")
    _ended(run)


def _wait_until_moving(database_url: str) -> None:
    clock, deadline = threading.Event(), time.monotonic() + PATIENCE_S
    with psycopg.connect(database_url, autocommit=True) as connection:
        while connection.execute(MOVING).fetchone() is None:
            if time.monotonic() > deadline:
                raise TimeoutError("the replay does not move")
            clock.wait(0.05)


def _last(stage: Stage, name: str, module: str, *arguments: str) -> str:
    run = process(stage, name, "-m", f"benchmarks.{module}", *arguments, environment=ENVIRONMENT)
    before = run.log.size()
    run.start()
    _ended(run)
    return run.log.text(since=before).splitlines()[-1]


def _ended(run: ManagedProcess) -> None:
    if (code := run.wait_exit(PATIENCE_S)) != 0:
        raise RuntimeError(f"{run.name} ended with exit code {code}:\n{run.log.tail()}")


def _commit_ends(servers: str) -> None:
    """Have the group be at the end of the past: it was there before the ledger was."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench"})
    numbers: Sequence[int] = list(consumer.list_topics(PAST, timeout=10).topics[PAST].partitions)
    ends = [
        TopicPartition(PAST, each, consumer.get_watermark_offsets(TopicPartition(PAST, each))[1])
        for each in numbers
    ]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    run_alone(measure)

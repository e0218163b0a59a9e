"""How fast does one consumer do messages once, with dedupe and one row of effect each?

`python -m benchmarks.consuming` consumes the same messages of 400 bytes by a handler of one
message, by a handler of many, and once more when all are done; beside it, in the same rounds,
what one writes by hand with the raw clients for the same guarantee (`bare_consumer.py`).
"""

import statistics
from collections.abc import Mapping, Sequence

import psycopg

from benchmarks.figure import Figure, against
from benchmarks.filled_topic import fill
from benchmarks.stage import process, run_alone
from benchmarks.tables import OURS
from local.demo.stage import Stage

SHORT, SHORT_MESSAGES = "bench_short_eu_web", 20_000
LONG, LONG_MESSAGES = "bench_long_eu_web", 100_000
ROUNDS = 3
PATIENCE_S = 300.0

# In this order in every round: what is compared runs side by side.
PASSES: dict[str, tuple[str, ...]] = {
    "single": ("consumer_pass", "bench_single", "--fresh"),
    "loop": ("bare_consumer", "loop", SHORT),
    "batch": ("consumer_pass", "bench_batch", "--fresh"),
    "batches": ("bare_consumer", "batches", LONG),
    "done": ("consumer_pass", "bench_batch"),
    "batches done": ("bare_consumer", "batches", LONG, "--done"),
    "read": ("bare_consumer", "read", LONG, "--done"),
}


def measure(stage: Stage) -> list[Figure]:
    """Return messages/s of the three ways, each against what is written by hand."""
    with psycopg.connect(stage.environment["DATABASE_URL"]) as connection:
        connection.execute(OURS)
    servers = stage.environment["KAFKA_BOOTSTRAP_SERVERS"]
    fill(SHORT, bootstrap_servers=servers, messages=SHORT_MESSAGES)
    fill(LONG, bootstrap_servers=servers, messages=LONG_MESSAGES)
    speeds: dict[str, list[float]] = {name: [] for name in PASSES}
    for _ in range(ROUNDS):
        for name, arguments in PASSES.items():
            speeds[name].append(_pass(stage, name, arguments))
    return _figures(speeds)


def _figures(speeds: Mapping[str, Sequence[float]]) -> list[Figure]:
    speed = {name: statistics.median(found) for name, found in speeds.items()}

    def figure(question: str, ours: str, peer: str, name: str, target: str) -> Figure:
        return against(
            question,
            ours=speed[ours],
            unit="messages/s",
            peer=speed[peer],
            peer_name=name,
            target=target,
        )

    batches = "batches of 500 by hand"
    return [
        figure("consume, one at a time", "single", "loop", "loop by hand", ">= 3,500/s"),
        figure("consume, batch handler", "batch", "batches", batches, ">= 12,000/s"),
        figure("consume, already done", "done", "batches done", batches, ">= 40,000/s"),
        figure("consume, already done", "done", "read", "fetching alone", ""),
    ]


def _pass(stage: Stage, name: str, arguments: Sequence[str]) -> float:
    module, *rest = arguments
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings"}
    run = process(stage, name, "-m", f"benchmarks.{module}", *rest, environment=environment)
    before = run.log.size()
    run.start()
    if (code := run.wait_exit(PATIENCE_S)) != 0:
        raise RuntimeError(f"{name} ended with exit code {code}:\n{run.log.tail()}")
    return float(run.log.text(since=before).split()[-1])


if __name__ == "__main__":
    run_alone(measure)

"""How fast do relays move events from the outbox to Kafka, one of them and two?

`python -m benchmarks.relay` drains an outbox of 50,000 entries of 400 bytes, and beside it, in
the same rounds, a hand-written select-produce-delete loop, the least one can do with an outbox,
and the raw client, which produces the same records from memory. Then relay processes drain 100,000
each time they are called, one alone and two that share the buckets.
"""

import os
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.bare_outbox import BareOutbox
from benchmarks.figure import Figure, against
from benchmarks.filled_outbox import fill
from benchmarks.relay_fleet import drained_per_second, relays
from benchmarks.stage import run_alone
from local.demo.stage import Stage

if TYPE_CHECKING:  # its models need settings
    from events.publishing.relay import Remainder

ENTRIES = 50_000
ROUNDS = 5
FLEET_ENTRIES = 100_000
PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One drained queue: events a second, and the CPU seconds of the process that did it."""

    per_second: float
    cpu_s: float


def measure(stage: Stage) -> list[Figure]:
    """Return events/s of relay, loop and raw client, and what the relay costs in CPU."""
    os.environ.update(stage.environment)
    passes: dict[str, list[Pass]] = {"relay": [], "loop": [], "raw": []}
    runs = _runs(stage.environment)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            passes[name].append(run())
    return [*_figures(passes), _fleet(stage)]


def _fleet(stage: Stage) -> Figure:
    speeds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for number, found in speeds.items():
            with relays(stage, number=number):
                found.append(
                    drained_per_second(stage.environment["DATABASE_URL"], entries=FLEET_ENTRIES)
                )
    return against(
        "two relay processes, 100,000 of 400 B",
        ours=statistics.median(speeds[2]),
        unit="events/s",
        peer=statistics.median(speeds[1]),
        peer_name="one relay process",
        target=">= 0.90x",
    )


def _figures(passes: Mapping[str, list[Pass]]) -> list[Figure]:
    speed = {name: statistics.median(one.per_second for one in of) for name, of in passes.items()}
    cost = {
        name: statistics.median(one.cpu_s for one in of) / ENTRIES * 1e6
        for name, of in passes.items()
    }
    loop, raw = "select-produce-delete loop", "raw client"
    asked = "relay, 50,000 of 400 B"
    return [
        against(
            asked,
            ours=speed["relay"],
            unit="events/s",
            peer=speed["loop"],
            peer_name=loop,
            target=">= 22,000/s",
        ),
        against(asked, ours=speed["relay"], unit="events/s", peer=speed["raw"], peer_name=raw),
        against(
            "CPU of the relay",
            ours=cost["relay"],
            unit="us/event",
            peer=cost["loop"],
            peer_name=loop,
        ),
    ]


def _runs(environment: Mapping[str, str]) -> dict[str, Callable[[], Pass]]:
    bare = BareOutbox(
        bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"],
        database_url=environment["DATABASE_URL"],
        entries=ENTRIES,
    )
    return {
        "relay": lambda: _relay(environment["DATABASE_URL"]),
        "loop": lambda: _timed(bare.drain, before=bare.fill),
        "raw": lambda: _timed(bare.produce),
    }


def _relay(database_url: str) -> Pass:
    import django  # noqa: PLC0415 - the stage's environment comes first

    django.setup()
    from events.conf import waybill  # noqa: PLC0415 - needs settings
    from events.observing.collector import collect_rarely  # noqa: PLC0415 - as above
    from events.publishing.relay import Relay  # noqa: PLC0415 - needs settings

    collect_rarely()  # as the command does
    relay = Relay(settings=replace(waybill(), relay_database_url=database_url))
    try:
        relay.drain(threading.Event(), patience_s=PATIENCE_S)  # connects and takes its buckets
        return _timed(
            lambda: _drained(relay.drain(threading.Event(), patience_s=PATIENCE_S)),
            before=lambda: fill(database_url, entries=ENTRIES),
        )
    finally:
        relay.close()


def _drained(remainder: "Remainder | None") -> None:
    if remainder is None or remainder.undelivered:
        raise RuntimeError(f"the relay left something behind: {remainder}")


def _timed(run: Callable[[], None], *, before: Callable[[], None] | None = None) -> Pass:
    if before:
        before()
    began, cpu = time.perf_counter(), time.process_time()
    run()
    took = time.perf_counter() - began
    return Pass(per_second=ENTRIES / took, cpu_s=time.process_time() - cpu)


if __name__ == "__main__":
    run_alone(measure)

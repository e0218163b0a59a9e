"""How much memory do relay and consumer take, and does it grow?

`python -m benchmarks.memory` has a relay and a consumer move 200,000 events of 400 bytes, and
others of 900 kB, looks at their resident memory all the time, and prints how far its highest lies
above that of a `manage.py shell`, and by how much the last quarter is above the second.
"""

import threading
import time
from collections.abc import Callable, Sequence

import psutil
import psycopg

from benchmarks import filled_outbox, filled_topic
from benchmarks.consuming import LONG, SHORT
from benchmarks.figure import Figure
from benchmarks.stage import process, run_alone
from benchmarks.tables import OURS
from local.demo.stage import Stage
from local.processes import ManagedProcess

MANY, SMALL = 200_000, 400
FEW, LARGE = 300, 900_000
PATIENCE_S = 600.0
LOOK_EVERY_S = 0.1
MB = 1_000_000.0

# Prints its own memory once everything a command needs is there.
_SHELL = "import psutil; print(psutil.Process().memory_info().rss)"
_BACKLOG = "SELECT count(*) FROM (SELECT 1 FROM events_outboxentry LIMIT 1) AS one"
_EFFECTS = "SELECT count(*) FROM bench_effect"


class Memory:
    """Runs a process until it is done and remembers its resident memory meanwhile, in MB."""

    def __init__(self, run: ManagedProcess) -> None:
        self._run = run

    def until(self, is_done: Callable[[], bool]) -> list[float]:
        """Start it, look until `is_done()`, stop it. Raises TimeoutError, RuntimeError."""
        self._run.start()
        watched = psutil.Process(self._run.pid)
        looks: list[float] = []
        deadline = time.monotonic() + PATIENCE_S
        clock = threading.Event()
        while not (len(looks) % 10 == 0 and is_done()):
            if not self._run.running:
                raise RuntimeError(f"{self._run.name} ended:\n{self._run.log.tail()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._run.name} is not done after {PATIENCE_S:g} s")
            looks.append(watched.memory_info().rss / MB)
            clock.wait(LOOK_EVERY_S)
        self._run.stop()
        return looks


def measure(stage: Stage) -> list[Figure]:
    """Return the figures of relay and consumer, with small events and with large ones."""
    shell = process(stage, "shell", "manage.py", "shell", "-v", "0", "-c", _SHELL)
    shell.start()
    if shell.wait_exit(60) != 0:
        raise RuntimeError(f"manage.py shell failed:\n{shell.log.tail()}")
    base = float(shell.log.text().split()[-1]) / MB
    with psycopg.connect(stage.environment["DATABASE_URL"], autocommit=True) as database:
        database.execute(OURS)
        return [
            *_figures("relay, 200,000 of 400 B", _relay(stage, database, MANY, SMALL), base=base),
            *_figures("relay, 300 of 900 kB", _relay(stage, database, FEW, LARGE), base=base),
            *_figures("consumer, 200,000 of 400 B", _many(stage, database), base=base),
            *_figures("consumer, 300 of 900 kB", _large(stage, database), base=base),
        ]


def _relay(stage: Stage, database: psycopg.Connection, entries: int, size: int) -> Sequence[float]:
    filled_outbox.fill(stage.environment["DATABASE_URL"], entries=entries, size=size)
    run = process(stage, f"relay-{size}", "manage.py", "runrelay")
    return Memory(run).until(lambda: _count(database, _BACKLOG) == 0)


def _many(stage: Stage, database: psycopg.Connection) -> Sequence[float]:
    return _consumer(stage, database, "bench_batch", topic=LONG, messages=MANY, size=SMALL)


def _large(stage: Stage, database: psycopg.Connection) -> Sequence[float]:
    return _consumer(stage, database, "bench_single", topic=SHORT, messages=FEW, size=LARGE)


def _consumer(
    stage: Stage,
    database: psycopg.Connection,
    group: str,
    *,
    topic: str,
    messages: int,
    size: int,
) -> Sequence[float]:
    servers = stage.environment["KAFKA_BOOTSTRAP_SERVERS"]
    filled_topic.fill(topic, bootstrap_servers=servers, messages=messages, size=size)
    before = _count(database, _EFFECTS)
    run = process(stage, f"consumer-{size}", "manage.py", "runconsumer", group)
    return Memory(run).until(lambda: _count(database, _EFFECTS) - before == messages)


def _count(database: psycopg.Connection, query: str) -> int:
    row = database.execute(query.encode()).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return int(row[0])


def _figures(what: str, looks: Sequence[float], *, base: float) -> list[Figure]:
    quarter = max(1, len(looks) // 4)
    growth = max(looks[-quarter:]) - max(looks[quarter : 2 * quarter] or looks)
    return [
        Figure(
            question=f"{what}: highest above a shell",
            ours=max(looks) - base,
            unit="MB",
            peer=base,
            peer_name="manage.py shell",
            target="<= 60 MB",
        ),
        Figure(question=f"{what}: growth", ours=growth, unit="MB", target="flat"),
    ]


if __name__ == "__main__":
    run_alone(measure)

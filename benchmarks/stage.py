"""The stage of a benchmark: real services in a temporary directory, tables, topics, a user."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from benchmarks.figure import Figure, table
from local.children import ROOT
from local.demo.screen import Screen
from local.demo.stage import Stage
from local.demo.state import State
from local.processes import ManagedProcess

APPS = "benchmarks.effects,benchmarks.large"
FIGURES_FILE = "WAYBILL_BENCH_FIGURES"  # set by `python -m benchmarks`, which collects them
Measure = Callable[[Stage], list[Figure]]


@contextmanager
def staged() -> Iterator[Stage]:
    """Start services and make tables, topics and a user; stop everything at the end.

    Services that the environment names (DATABASE_URL, KAFKA_BOOTSTRAP_SERVERS, REDIS_URL) are used
    as they are. The project's processes are started by those who measure them.
    """
    os.environ["EXTRA_APPS"] = APPS
    os.environ["LOG_LEVEL"] = "WARNING"
    with tempfile.TemporaryDirectory(
        prefix="waybill-bench-", ignore_cleanup_errors=True
    ) as directory:
        stage = Stage(state=State(directory=Path(directory)), screen=Screen())
        try:
            stage.start_services()
            stage.prepare()
            yield stage
        finally:
            stage.stop()


def process(
    stage: Stage, name: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> ManagedProcess:
    """Return one of the project's processes, not started: `python ARGUMENTS`, its log by name."""
    return ManagedProcess(
        name,
        argv=[sys.executable, *arguments],
        environment={**stage.environment, **(environment or {})},
        directory=ROOT,
        log=stage.state.log(name),
        restart="never",
    )


def run_alone(measure: Measure) -> None:
    """Run one program on a stage of its own and print its figures; leave them where asked to."""
    with staged() as stage:
        figures = measure(stage)
    deliver(figures)


def deliver(figures: list[Figure]) -> None:
    """Print the figures, and leave them where the caller of all programs asked for them."""
    print(table(figures), flush=True)  # noqa: T201 - what the program is for
    if wanted := os.environ.get(FIGURES_FILE):
        Path(wanted).write_text(json.dumps([asdict(figure) for figure in figures]))

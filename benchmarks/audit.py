"""How long do a waybill and the lists take, with a million events and with ten?

`python -m benchmarks.audit` fills a database of each size (`python -m benchmarks.large`), and asks
for the waybills of 500 orders and for every list of API and admin by each of its filters, through
the very doors. Beside the waybill stands one raw statement by the same key; beside each list the
same one where there are ten times fewer rows. Then once more after PostgreSQL was started anew and
the kernel's cache dropped, where that is allowed. The first day of the data goes to Kafka, too,
and its replay is previewed. `--directory` keeps the data for the next time.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figure import Figure, against
from benchmarks.large.__main__ import report
from benchmarks.large.facts import Plan
from benchmarks.large.filling import fill
from benchmarks.large.server import LargePostgres, large_postgres
from benchmarks.stage import APPS, deliver
from local.children import ROOT
from local.processes import ManagedProcess
from local.stack import Name, Stack

SERVICES: tuple[Name, ...] = ("valkey", "kafka")
SIZES = (1_000_000, 10_000_000)
WITHIN_S = 900.0
DROP = Path("/proc/sys/vm/drop_caches")
Answer = dict[str, Any]


def measure(sizes: Sequence[int], *, directory: Path) -> list[Figure]:
    """Return the figures of the largest size, beside those of the smallest."""
    warm: dict[int, Answer] = {}
    cold: dict[int, Answer] = {}
    previews: dict[int, Answer] = {}
    for events in sizes:
        home = directory / f"large-{events}"
        with Stack(services=SERVICES) as stack, large_postgres(home / "postgres") as server:
            _filled(server, events)
            environment = {**stack.environment, "DATABASE_URL": server.url}
            warm[events] = _pass("audit_pass", environment, home)
            previews[events] = _pass("preview_pass", environment, home)
            if _forget(server):
                few = ("--waybills", "100", "--rounds", "1")
                cold[events] = _pass("audit_pass", environment, home, *few)
    return [
        *_waybills(warm, "warm"),
        *_waybills(cold, "cold"),
        *_previews(previews),
        *_lists(warm),
        *_worst(cold),
    ]


def _filled(server: LargePostgres, events: int) -> None:
    with psycopg.connect(server.url) as connection:
        if connection.execute("SELECT EXISTS (SELECT FROM events_event)").fetchone() == (True,):
            return
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    _tell(report(fill(server.url, Plan(events=events, until=now), say=_tell)))


def _pass(name: str, environment: Mapping[str, str], home: Path, *arguments: str) -> Answer:
    run = ManagedProcess(
        name,
        argv=[sys.executable, "-m", f"benchmarks.{name}", *arguments],
        environment={
            **os.environ,
            **environment,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "only-for-benchmarks",
            "ALLOWED_HOSTS": "localhost",
            "SECURE_COOKIES": "false",
            "EXTRA_APPS": APPS,
            "LOG_LEVEL": "WARNING",
        },
        directory=ROOT,
        log=home / f"{name}.log",
        restart="never",
    )
    before = run.log.size()
    run.start()
    if (code := run.wait_exit(WITHIN_S)) != 0:
        raise RuntimeError(f"{name} ended with exit code {code}:\n{run.log.tail()}")
    answer: Answer = json.loads(run.log.text(since=before).splitlines()[-1])
    return answer


def _forget(server: LargePostgres) -> bool:
    """Start PostgreSQL anew and drop the kernel's cache; False where only root may do that."""
    server.restart()
    os.sync()
    try:
        DROP.write_text("3")
    except OSError:
        return False
    return True


def _waybills(answers: Mapping[int, Answer], how: str) -> list[Figure]:
    figures = []
    for events, answer in answers.items():
        asked = f"waybill by order id, {events:,} events, {how}"
        target = "<= 50 ms" if how == "warm" else ""
        figures += [
            against(
                f"{asked}: {cut}",
                ours=answer["waybill"][cut],
                unit="ms",
                peer=answer["raw"][cut],
                peer_name="one raw statement by key",
                target=target if cut == "p95" else "",
            )
            for cut in ("p50", "p95", "worst")
        ]
        hot = answer["hot"]["p95"]
        figures.append(Figure(question=f"{asked}, hot keys: p95", ours=hot, unit="ms"))
    return figures


def _previews(answers: Mapping[int, Answer]) -> list[Figure]:
    return [
        against(
            f"preview of a day, {answer['messages']:,} messages, of {events:,} events: {cut}",
            ours=answer[cut],
            unit="ms",
            peer=answer["raw"],
            peer_name="counting the same rows",
            target="<= 2 s" if cut == "p95" else "",
        )
        for events, answer in answers.items()
        for cut in ("p50", "p95")
    ]


def _lists(answers: Mapping[int, Answer]) -> list[Figure]:
    least, most = min(answers), max(answers)
    few, many = answers[least]["lists"], answers[most]["lists"]
    return [
        against(
            f"{name}: p95",
            ours=took["p95"],
            unit="ms",
            peer=few[name]["p95"],
            peer_name=f"with {least:,} events",
            target="<= 200 ms",
        )
        for name, took in many.items()
    ]


def _worst(answers: Mapping[int, Answer]) -> list[Figure]:
    figures = []
    for events, answer in answers.items():
        name, took = max(answer["lists"].items(), key=lambda item: item[1]["worst"])
        asked = f"slowest list, {events:,} events, cold ({name})"
        figures.append(Figure(question=asked, ours=took["worst"], unit="ms"))
    return figures


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - filling takes minutes


def main() -> None:
    """Measure the sizes asked for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=SIZES)
    parser.add_argument("--directory", type=Path, help="keep the data here")
    asked = parser.parse_args()
    if asked.directory is not None:
        deliver(measure(asked.events, directory=asked.directory))
        return
    with tempfile.TemporaryDirectory(prefix="waybill-large-", ignore_cleanup_errors=True) as home:
        deliver(measure(asked.events, directory=Path(home)))


if __name__ == "__main__":
    main()

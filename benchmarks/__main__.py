"""All benchmarks, one after the other, with one table at the end: `python -m benchmarks [NAME…]`.

Each program is a process with services and a database of its own: none measures what another left.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.figure import Figure, table
from benchmarks.stage import FIGURES_FILE
from local.children import ROOT

PROGRAMS = ("startup", "relay", "consuming", "posting", "latency", "memory")
ONLY_BY_NAME = ("open_transaction", "audit", "replaying")  # they take many minutes


def main() -> int:
    """Run the named programs, or all; returns 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    offered = f"of: {', '.join(PROGRAMS)}; not without being named: {', '.join(ONLY_BY_NAME)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=offered)
    names = parser.parse_args().names or PROGRAMS
    if unknown := set(names) - {*PROGRAMS, *ONLY_BY_NAME}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="waybill-figures-") as directory:
        for name in names:
            _tell(f"\n--- {name}")
            try:
                figures += _figures(name, file=Path(directory) / f"{name}.json")
            except subprocess.CalledProcessError:  # it has said why; the others are worth seeing
                failed.append(name)
    _tell(f"\n{table(figures)}")
    if failed:
        _tell(f"\nFailed: {', '.join(failed)}")
    return 1 if failed else 0


def _figures(name: str, *, file: Path) -> list[Figure]:
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    environment = {**os.environ, FIGURES_FILE: str(file)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own program
    return [Figure(**figure) for figure in json.loads(file.read_text())]


def _tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - what the program is for


if __name__ == "__main__":
    sys.exit(main())

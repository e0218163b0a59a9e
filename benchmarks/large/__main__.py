"""Fills a database with large data: `python -m benchmarks.large DIRECTORY --events 10000000`.

The data lies in DIRECTORY afterwards, for `python -m benchmarks.audit`; with DATABASE_URL in the
environment that database is filled, and its tables have to be there.
"""

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.large.facts import Plan
from benchmarks.large.filling import Filled, fill
from benchmarks.large.server import large_postgres

MB = 1_000_000


def main() -> None:
    """Fill it and print how fast, and how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, help="where PostgreSQL keeps the data")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=7)
    until = f"{datetime.now(UTC):%Y-%m-%dT%H:00Z}"
    parser.add_argument("--until", default=until, help="the end (default: %(default)s)")
    asked = parser.parse_args()
    plan = Plan(
        events=asked.events,
        until=datetime.fromisoformat(asked.until),
        days=asked.days,
        seed=asked.seed,
    )
    if database_url := os.environ.get("DATABASE_URL"):
        filled = fill(database_url, plan, say=tell)
    elif asked.directory is None:
        parser.error("a directory is needed, or DATABASE_URL in the environment")
    else:
        with large_postgres(asked.directory) as server:
            filled = fill(server.url, plan, say=tell)
    tell(report(filled))


def report(filled: Filled) -> str:
    """Return what was stored, in lines."""
    took_s = filled.copy_s + filled.index_s + filled.clean_s
    lines = [
        f"{filled.rows:,} rows in {took_s:,.0f} s: COPY {filled.copy_s:,.0f} s, indexes"
        f" {filled.index_s:,.0f} s, VACUUM and ANALYZE {filled.clean_s:,.0f} s;"
        f" {filled.rows / took_s:,.0f} rows a second in all"
    ]
    lines += [
        f"  {size.table:<22} {size.rows:>12,} rows {size.row_bytes / MB:>9,.1f} MB"
        f" + indexes {size.index_bytes / MB:>9,.1f} MB"
        for size in filled.sizes
    ]
    return "\n".join(lines)


def tell(text: str) -> None:
    """Say it at once."""
    print(text, flush=True)  # noqa: T201 - what the program is for


if __name__ == "__main__":
    main()

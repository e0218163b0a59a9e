"""PostgreSQL with the memory of a server and the tables of Waybill, in a directory that stays."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.children import ROOT
from local.postgres import Postgres

# What a server of this size would have; and the log need not hold what can be made again.
_SETTINGS = {
    "shared_buffers": "2GB",
    "effective_cache_size": "12GB",
    "max_wal_size": "16GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_skip_threshold": "64kB",
}


class LargePostgres(Postgres):
    """The PostgreSQL of the demo and the tests, larger."""

    def _argv(self) -> Sequence[str | Path]:
        more = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        return [*super()._argv(), *more]


@contextmanager
def large_postgres(directory: Path) -> Iterator[LargePostgres]:
    """Start it there and make the tables; stop it at the end, the data stays."""
    server = LargePostgres(directory)
    server.start()
    try:
        server.wait_ready(120)
        _migrate(server.url)
        yield server
    finally:
        server.stop()
        server.release()


def _migrate(database_url: str) -> None:
    environment: Mapping[str, str] = {
        **os.environ,
        "DATABASE_URL": database_url,
        "SECRET_KEY": "only-for-benchmarks",
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own program

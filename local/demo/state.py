"""The demo's directory: data of the services, logs, and secrets that only the owner can read."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from local.children import ROOT

DIRECTORY = ROOT / ".local" / "demo"  # unless told otherwise

_LONG_LOG_BYTES = 10_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Where things lie. Everything stays for the next time; `make clean` removes it."""

    directory: Path

    @property
    def services(self) -> Path:
        """Data and logs of the services."""
        return self.directory / "services"

    @property
    def account(self) -> Path:
        """Who the demo is: user, password, token."""
        return self.directory / "account.json"

    @property
    def prepared(self) -> Path:
        """What tables, topics and user were like when they were made last."""
        return self.directory / "prepared.json"

    @property
    def headers(self) -> Path:
        """The HTTP headers with the token, for `curl -H @file`."""
        return self.directory / "headers"

    @property
    def order(self) -> Path:
        """An order to be posted by hand."""
        return self.directory / "order.json"

    @property
    def control(self) -> Path:
        """The socket at which the running demo listens."""
        return self.directory / "control" / "socket"

    @property
    def environment(self) -> Path:
        """Assignments for a shell, so that manage.py finds the demo's services."""
        return self.directory / "environment"

    def log(self, name: str) -> Path:
        """The log of one of the project's processes or commands."""
        return self.directory / "logs" / f"{name}.log"

    def renew_long_logs(self) -> None:
        """Begin every log anew that has become long; its last contents stay beside it as .old."""
        for log in self.directory.rglob("*.log"):
            if log.stat().st_size > _LONG_LOG_BYTES:
                log.rename(log.with_suffix(".log.old"))

    def secret_key(self) -> str:
        """Django's SECRET_KEY, made once."""
        path = self.directory / "secret_key"
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(50))
        return path.read_text()


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, never seen half written."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.rename(path)

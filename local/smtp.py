"""An SMTP server that keeps what it receives and misbehaves on demand."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from local.children import ROOT
from local.errors import ServiceFailed
from local.mail import Behaviour, Mail, MailJournal
from local.service import Say, Service, quiet

_TICK = threading.Event()


class Smtp(Service):
    """An SMTP server in its own process. A mail it answered with 250 survives a kill -9."""

    name = "smtp"
    variable = "EMAIL_URL"

    def __init__(self, directory: Path, *, say: Say = quiet) -> None:
        super().__init__(directory, say=say)
        self.journal = MailJournal(self.directory / "mails")

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:PORT`."""
        return f"smtp://127.0.0.1:{self.port}"

    def behave(self, behaviour: Behaviour = "accept", *, times: int | None = None) -> None:
        """Answer so from now on, or for the next `times` commands and then accept again."""
        self.journal.directory.mkdir(parents=True, exist_ok=True)
        self.journal.set_behaviour(behaviour, times=times)

    def mails(self) -> list[Mail]:
        """All mails received, in order."""
        return self.journal.mails()

    def wait_for_mails(self, count: int, *, timeout_s: float = 10.0) -> list[Mail]:
        """All mails, once there are `count` or more. Raises ServiceFailed after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while len(mails := self.mails()) < count:
            if time.monotonic() >= deadline:
                raise ServiceFailed(f"{len(mails)} of {count} mails came within {timeout_s:g} s")
            _TICK.wait(0.02)
        return mails

    def _prepare(self) -> None:
        self.journal.directory.mkdir(parents=True, exist_ok=True)

    def _argv(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "local.smtp_server", "mails", str(self.port)]

    def _environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return {**super()._environment(), "PYTHONPATH": path}

    def answers(self) -> bool:
        """One probe, as a client would do it: True when it works."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1.0) as client:
                greeting = client.recv(64)
                client.sendall(b"QUIT\r\n")
                return greeting.startswith(b"220")
        except OSError:
            return False

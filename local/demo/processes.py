"""The project's processes as the demo runs them: API, relay, consumer, replays, commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.children import ROOT
from local.demo.failure import DemoFailed
from local.demo.state import State
from local.processes import ManagedProcess, Restart

GROUP = "invoices"
TOPIC = "order_invoices"
_COMMAND_WITHIN_S = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Processes:
    """Makes processes in the demo's environment, each with a log of its own."""

    state: State
    environment: Mapping[str, str]

    def api(self, *, port: int) -> ManagedProcess:
        """The web server."""
        bind = f"127.0.0.1:{port}"
        arguments = ["-m", "gunicorn", "-c", "config/gunicorn.py", "--bind", bind, "config.wsgi"]
        return self._process("api", arguments, restart="always")

    def relay(self) -> ManagedProcess:
        """The relay."""
        return self._process("relay", ["manage.py", "runrelay"], restart="always")

    def consumer(self) -> ManagedProcess:
        """The consumer of the invoices."""
        return self._process("consumer", ["manage.py", "runconsumer", GROUP], restart="always")

    def replays(self) -> ManagedProcess:
        """The worker that runs replays asked for in the admin and over HTTP."""
        return self._process("replays", ["manage.py", "runreplay", "--serve"], restart="always")

    def run(self, name: str, *arguments: str) -> str:
        """Run Python with these arguments to its end, and return what it wrote.

        Raises DemoFailed, quoting it, when the exit code is not 0.
        """
        command = self._process(name, arguments, restart="never")
        before = command.log.size()
        command.start()
        code = command.wait_exit(_COMMAND_WITHIN_S)
        if code != 0:
            what = f"`python {' '.join(arguments)}` ended with exit code {code}"
            raise DemoFailed(what, log=command.log)
        return command.log.text(since=before)

    def _process(self, name: str, arguments: Sequence[str], *, restart: Restart) -> ManagedProcess:
        return ManagedProcess(
            name,
            argv=[sys.executable, *arguments],
            environment=self.environment,
            directory=ROOT,
            log=self.state.log(name),
            restart=restart,
        )


def environment_of(
    shell: Mapping[str, str], services: Mapping[str, str], *, state: State
) -> dict[str, str]:
    """The environment of the project's processes: the shell's, with what the demo decides."""
    return {
        # A consumer that was killed is missed after six seconds, not after 45.
        "KAFKA_CONSUMER_SESSION_TIMEOUT_MS": "6000",
        "KAFKA_CONSUMER_HEARTBEAT_INTERVAL_MS": "1000",
        "WEB_WORKERS": "1",
        **shell,
        **services,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": state.secret_key(),
        "DEBUG": "false",
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "SECURE_COOKIES": "false",  # plain HTTP, on this machine only
    }

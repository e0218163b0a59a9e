"""Whether the project's processes are ready: the API answers, relay and consumer beat."""

from __future__ import annotations

from collections.abc import Sequence
from http.client import HTTPException

import psycopg

from local.demo.client import Client
from local.demo.failure import DemoFailed
from local.demo.waiting import wait_until
from local.processes import ManagedProcess
from local.supervisor import Supervisor

_READY_WITHIN_S = 60.0
_BEATING = "SELECT jsonb_array_length(assignment) FROM events_heartbeat WHERE pid = %s"


def wait_for_api(api: ManagedProcess, client: Client, *, supervisor: Supervisor) -> None:
    """Return when the API can serve. Raises DemoFailed."""

    def answers() -> bool:
        _refuse_deaths(supervisor, [api])
        try:
            return client.get("/readyz").status == 200  # noqa: PLR2004 - HTTP's OK
        except (OSError, HTTPException):
            return False

    if not wait_until(answers, timeout_s=_READY_WITHIN_S):
        raise DemoFailed(f"the API did not get ready in {_READY_WITHIN_S:g} s", log=api.log)


def wait_for_beats(
    processes: Sequence[ManagedProcess], *, database_url: str, supervisor: Supervisor
) -> None:
    """Return when each process beats and was assigned something to do. Raises DemoFailed."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for process in processes:

            def beats(process: ManagedProcess = process) -> bool:
                _refuse_deaths(supervisor, processes)
                row = connection.execute(_BEATING, [process.pid]).fetchone()
                return row is not None and row[0] > 0

            if not wait_until(beats, timeout_s=_READY_WITHIN_S):
                what = f"the {process.name} did not get ready in {_READY_WITHIN_S:g} s"
                raise DemoFailed(what, log=process.log)


def _refuse_deaths(supervisor: Supervisor, processes: Sequence[ManagedProcess]) -> None:
    for revival in supervisor.revivals:
        for process in processes:
            if process.name == revival.name:
                what = f"the {process.name} ended with exit code {revival.exit_code}"
                raise DemoFailed(what, log=process.log)

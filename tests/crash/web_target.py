"""Gunicorn as a target: all of it, its master alone, or one worker; back when it can serve."""

import signal
import threading
import time
from contextlib import suppress

import psutil

from local.errors import ServiceFailed
from local.processes import ManagedProcess
from tests.acceptance.api_client import ApiClient
from tests.crash.plan import Draw
from tests.crash.process_target import REVIVED_WITHIN_S
from tests.crash.targets import Target, wait_for

ALL, MASTER, WORKER = "web", "web master", "web worker"
WORKERS = 2  # gunicorn's own number, as config/gunicorn.py has it


class WebTarget(Target):
    """`name` says which part is killed; freezes and restarts are of the whole."""

    def __init__(self, name: str, *, process: ManagedProcess, api: ApiClient) -> None:
        super().__init__(name, body=ALL)
        self._process = process
        self._api = api
        self._ended_pid = 0

    def harm(self, draw: Draw, *, hurry: threading.Event) -> float:
        wait_for(lambda: self._process.running, timeout_s=REVIVED_WITHIN_S)
        self._ended_pid = self._process.pid
        match draw.choice.kind:
            case "kill":
                self._kill(draw)
            case "restart":
                self._process.signal(signal.SIGTERM)
            case "freeze":
                self._ended_pid = 0
                self._process.freeze()
                hurry.wait(draw.lasts_s)
                self._process.thaw()
        return time.monotonic()

    def wait_back(self, timeout_s: float) -> bool:
        return wait_for(self._is_back, timeout_s=timeout_s)

    def _kill(self, draw: Draw) -> None:
        if self.name == ALL:
            self._process.kill()
        elif self.name == MASTER:
            self._process.signal(signal.SIGKILL)  # its workers see that and end by themselves
        else:
            workers = self._workers()
            self._ended_pid = workers[draw.coin % len(workers)].pid
            psutil.Process(self._ended_pid).kill()

    def _is_back(self) -> bool:
        workers = self._workers()
        living = {each.pid for each in workers}
        with suppress(ServiceFailed):
            living.add(self._process.pid)
        return len(workers) == WORKERS and self._ended_pid not in living and self._api.is_ready()

    def _workers(self) -> list[psutil.Process]:
        try:
            return psutil.Process(self._process.pid).children()
        except (ServiceFailed, psutil.NoSuchProcess):
            return []

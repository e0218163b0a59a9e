"""The guard process: parent of everything we start, and the end of it when its client dies.

Run as `python -m local.guard`; reads one JSON request a line from stdin, answers on stdout.
It has a single thread, so the kernel's parent-death signal means what it says, and what runs
between fork and exec is safe. As a sub-reaper it inherits what its children leave behind, so
not even a frozen grandchild survives.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any

from local import privilege

_WATCH_PARENT_S = 1.0
_GIVE_UP_AFTER_ROUNDS = 200
_LAST_DEED_WITHIN_S = 60.0


class GuardProcess:
    """Spawns, signals and reaps on behalf of the client at the other end of stdin."""

    def __init__(self) -> None:
        self._client = os.getppid()
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._to_remove: set[str] = set()
        self._to_run: list[list[str]] = []
        self._actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "spawn": self._spawn,
            "signal": self._signal,
            "remove_at_end": self._remove_at_end,
            "run_at_end": self._run_at_end,
            "forget_at_end": self._forget_at_end,
        }
        self._buffer = b""
        self._selector = selectors.DefaultSelector()
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        os.set_blocking(self._wake_read, False)
        signal.set_wakeup_fd(wake_write)

    def run(self) -> None:
        """Serve until the client closes its end or dies; then leave no descendant."""
        privilege.adopt_orphans()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(0, selectors.EVENT_READ)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        try:
            # A fork of the client may hold its end of the pipe open: watch the parent as well.
            while os.getppid() == self._client and self._step():
                self._reap()
        finally:
            self._end_all()
            for argv in self._to_run:
                _run_last(argv)
            for directory in self._to_remove:
                shutil.rmtree(directory, ignore_errors=True)

    def _step(self) -> bool:
        for key, _ in self._selector.select(_WATCH_PARENT_S):
            if key.fd == 0:
                if not self._read_requests():
                    return False
            else:
                with contextlib.suppress(BlockingIOError):
                    os.read(self._wake_read, 4096)
        return True

    def _read_requests(self) -> bool:
        received = os.read(0, 65536)
        *lines, self._buffer = (self._buffer + received).split(b"\n")
        for line in lines:
            request = json.loads(line)
            self._say({"id": request["id"], **self._actions[request["do"]](request)})
        return bool(received)

    def _spawn(self, request: dict[str, Any]) -> dict[str, Any]:
        before_exec = partial(_prepare, user=request["user"])
        try:
            with open(request["log"], "ab") as log:  # noqa: PTH123 - a path as bytes on the wire
                child = subprocess.Popen(  # noqa: S603 - the client's own program
                    request["argv"],
                    env=request["environment"],
                    cwd=request["directory"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=before_exec,  # noqa: PLW1509 - this process has one thread
                )
        except (OSError, subprocess.SubprocessError) as error:
            return {"error": f"{type(error).__name__}: {error}"}
        self._children[child.pid] = child
        return {"pid": child.pid}

    def _signal(self, request: dict[str, Any]) -> dict[str, Any]:
        # Only what is not reaped yet: its number cannot have gone to another process.
        if request["pid"] in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(request["pid"], request["signal"])
        return {}

    def _remove_at_end(self, request: dict[str, Any]) -> dict[str, Any]:
        self._to_remove.add(request["directory"])
        return {}

    def _run_at_end(self, request: dict[str, Any]) -> dict[str, Any]:
        self._to_run.append(request["argv"])
        return {}

    def _forget_at_end(self, request: dict[str, Any]) -> dict[str, Any]:
        with contextlib.suppress(ValueError):
            self._to_run.remove(request["argv"])
        return {}

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = self._children.pop(pid, None)
            if child is not None:
                child.returncode = os.waitstatus_to_exitcode(status)
                self._say({"ended": pid, "code": child.returncode})

    def _say(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            os.write(1, json.dumps(message).encode() + b"\n")

    def _end_all(self) -> None:
        import psutil  # noqa: PLC0415 - only needed at the end, and slow to load

        self._selector.unregister(0)
        me = psutil.Process()
        for _ in range(_GIVE_UP_AFTER_ROUNDS):
            descendants = me.children(recursive=True)
            if not descendants:
                return
            for process in descendants:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            self._reap()
            self._selector.select(0.05)


def _run_last(argv: list[str]) -> None:
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run(  # noqa: S603 - the client's own program
            argv, stdin=subprocess.DEVNULL, stdout=2, timeout=_LAST_DEED_WITHIN_S, check=False
        )


def _prepare(*, user: str | None) -> None:
    if user is not None:
        privilege.become(user)
    # After the change of user, which clears it.
    privilege.die_with_parent(signal.SIGKILL)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    GuardProcess().run()

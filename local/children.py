"""The client's side of the guard: start child processes that cannot outlive this one."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

import psutil

from local.errors import GuardGone

ROOT = Path(__file__).resolve().parent.parent
_ANSWER_WITHIN_S = 30.0


class Child:
    """A process started through the guard."""

    def __init__(self, pid: int, *, guard: Guard) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._guard = guard
        self._ended = threading.Event()

    @property
    def running(self) -> bool:
        """True until the process has ended and been reaped."""
        return not self._ended.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """True as soon as the process has ended, False after `timeout_s` seconds."""
        return self._ended.wait(timeout_s)

    def signal(self, number: int) -> None:
        """Send a signal to this process alone; nothing happens if it has ended."""
        if self.running:
            with contextlib.suppress(GuardGone):
                self._guard.request("signal", pid=self.pid, signal=int(number))

    def descendants(self) -> list[psutil.Process]:
        """Children and their children, as they are now."""
        try:
            return psutil.Process(self.pid).children(recursive=True) if self.running else []
        except psutil.NoSuchProcess:
            return []

    def leftovers(self) -> list[psutil.Process]:
        """What it had started and left behind at its end; the guard has it now."""
        if self.running:
            return []
        found = []
        for process in psutil.Process(self._guard.pid).children():
            with contextlib.suppress(ProcessLookupError):
                # Its number may be another's by now: that one is no leftover.
                if process.pid != self.pid and os.getpgid(process.pid) == self.pid:
                    found.append(process)
        return found

    def ended(self, returncode: int) -> None:
        """Called by the guard's reader when the process has been reaped."""
        self.returncode = returncode
        self._ended.set()


class Guard:
    """One guard process and what it started: all of it ends with us, kill -9 included."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local.guard"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,
        )
        self.client_pid = os.getpid()
        self._lock = threading.Lock()
        self._answers: dict[int, Future[dict[str, Any]]] = {}
        self._children: dict[int, Child] = {}
        self._next_id = 0
        self._gone = False
        assert self._process.stdout is not None  # noqa: S101 - tells mypy what PIPE means
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="guard-reader", daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        """The guard's own process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True while requests can be answered."""
        return not self._gone and self.client_pid == os.getpid()

    def spawn(
        self,
        argv: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        directory: Path,
        log: Path,
        user: str | None = None,
    ) -> Child:
        """Start a program in a session of its own; its output is appended to `log`.

        Raises GuardGone, or OSError when the program cannot be started.
        """
        answer = self.request(
            "spawn",
            argv=[str(part) for part in argv],
            environment=dict(environment),
            directory=str(directory),
            log=str(log),
            user=user,
        )
        if "error" in answer:
            raise OSError(f"cannot start {argv[0]}: {answer['error']}")
        child: Child = answer["child"]
        return child

    def request(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Ask the guard and wait for its answer. Raises GuardGone."""
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            if not self.alive or self._process.stdin is None:
                raise GuardGone("the guard process has ended")
            self._next_id += 1
            self._answers[self._next_id] = answer
            line = json.dumps({"id": self._next_id, "do": do, **arguments}) + "\n"
            try:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
            except OSError as error:
                raise GuardGone("the guard process has ended") from error
        return answer.result(timeout=_ANSWER_WITHIN_S)

    def remove_at_end(self, directory: Path) -> None:
        """Delete this directory when we are gone, however that happens. Raises GuardGone."""
        self.request("remove_at_end", directory=str(directory))

    def run_at_end(self, argv: Sequence[str]) -> None:
        """Run a program when we are gone and all we started, however that happens.

        Raises GuardGone.
        """
        self.request("run_at_end", argv=list(argv))

    def forget_at_end(self, argv: Sequence[str]) -> None:
        """Take back `run_at_end`. Raises GuardGone."""
        self.request("forget_at_end", argv=list(argv))

    def close(self) -> None:
        """End the guard and with it everything it still has; returns when all are gone."""
        if self.client_pid != os.getpid():
            return
        with self._lock, contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process.wait()
        self._reader.join()

    def _read(self, answers: IO[bytes]) -> None:
        with answers:
            for line in answers:
                self._hear(json.loads(line))
        with self._lock:
            self._gone = True
            unanswered, self._answers = self._answers, {}
        for answer in unanswered.values():
            answer.set_exception(GuardGone("the guard process has ended"))
        for child in list(self._children.values()):
            child.ended(-9)

    def _hear(self, message: dict[str, Any]) -> None:
        if "ended" in message:
            child = self._children.pop(message["ended"], None)
            if child is not None:
                child.ended(message["code"])
            return
        if "pid" in message:
            # Made here and not by the waiting thread: the end may be the very next line.
            message["child"] = Child(message["pid"], guard=self)
            self._children[message["pid"]] = message["child"]
        with self._lock:
            answer = self._answers.pop(message["id"], None)
        if answer is not None:
            answer.set_result(message)


_shared: Guard | None = None
_shared_lock = threading.Lock()


def shared_guard() -> Guard:
    """The guard of this process, started on first use and ended when the interpreter exits."""
    global _shared  # noqa: PLW0603 - one guard a process
    with _shared_lock:
        if _shared is None or not _shared.alive:
            _shared = Guard()
            atexit.register(_shared.close)
        return _shared

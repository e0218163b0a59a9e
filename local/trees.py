"""A process and all that it started, treated as one."""

from __future__ import annotations

import contextlib
import signal
import threading
import time

import psutil

from local.children import Child

_TICK = threading.Event()


def freeze(child: Child) -> list[psutil.Process]:
    """SIGSTOP the process and every descendant. Returns the latter when all are stopped.

    The root goes first: stopped, it can start no more children.
    """
    root = []
    with contextlib.suppress(psutil.NoSuchProcess):
        root = [psutil.Process(child.pid)] if child.running else []
    child.signal(signal.SIGSTOP)
    stopped: dict[int, psutil.Process] = {}
    while True:
        fresh = [process for process in child.descendants() if process.pid not in stopped]
        if not fresh:
            break
        for process in fresh:
            stopped[process.pid] = process
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
    _wait_until_stopped([*root, *stopped.values()])
    return list(stopped.values())


def thaw(child: Child) -> None:
    """SIGCONT every descendant, then the process itself."""
    for process in child.descendants():
        with contextlib.suppress(psutil.NoSuchProcess):
            process.resume()
    child.signal(signal.SIGCONT)


def kill(child: Child, *, timeout_s: float = 10.0) -> bool:
    """SIGKILL the process and every descendant. True when all are gone within `timeout_s`."""
    # Of a process that just died itself they are descendants no more a moment later.
    descendants = freeze(child)
    child.signal(signal.SIGKILL)
    for process in descendants:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + timeout_s
    gone = child.wait(timeout_s)
    return _wait_until_gone(descendants, deadline=deadline) and gone


def kill_leftovers(child: Child, *, timeout_s: float = 10.0) -> bool:
    """SIGKILL what a process that has ended left behind, as systemd does before a restart.

    True when all of it is gone within `timeout_s`.
    """
    leftovers = child.leftovers()
    for process in leftovers:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return _wait_until_gone(leftovers, deadline=time.monotonic() + timeout_s)


def _wait_until_gone(processes: list[psutil.Process], *, deadline: float) -> bool:
    while any(_alive(process) for process in processes):
        if time.monotonic() >= deadline:
            return False
        _TICK.wait(0.01)
    return True


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_until_stopped(processes: list[psutil.Process], *, timeout_s: float = 5.0) -> None:
    """Wait for each of them: a signal is delivered when the process runs the next time."""
    deadline = time.monotonic() + timeout_s
    while any(_moves(process) for process in processes) and time.monotonic() < deadline:
        _TICK.wait(0.005)


def _moves(process: psutil.Process) -> bool:
    try:
        return process.status() not in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE}
    except psutil.NoSuchProcess:
        return False

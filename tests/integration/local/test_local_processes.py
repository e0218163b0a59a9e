"""Our own processes: started, read from, killed, frozen, and revived by the supervisor."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.errors import ServiceFailed
from local.processes import ManagedProcess, Restart
from local.supervisor import Supervisor

WAIT = "print('ready', flush=True); import time; time.sleep(600)"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); " + WAIT
WITH_CHILD = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); "

Make = Callable[..., ManagedProcess]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[ManagedProcess] = []

    def build(code: str, *arguments: str, restart: Restart = "always") -> ManagedProcess:
        process = ManagedProcess(
            f"process{len(made)}",
            argv=[sys.executable, "-c", code, *arguments],
            environment=dict(os.environ),
            directory=tmp_path,
            log=tmp_path / f"process{len(made)}.log",
            restart=restart,
        )
        made.append(process)
        return process

    yield build
    for process in made:
        process.stop(grace_s=0.0)


def until(condition: Callable[[], bool], *, timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        threading.Event().wait(0.01)


def test_the_exit_code_and_the_log_tell_what_happened(make: Make) -> None:
    process = make("print('done with 42'); raise SystemExit(3)")
    process.start()
    assert process.wait_exit(10.0) == 3
    assert process.wait_for_log(re.compile(r"with \d+"), timeout_s=1.0) == "with 42"


def test_a_text_that_never_comes_fails_with_the_logs_last_lines(make: Make) -> None:
    process = make(WAIT)
    process.start()
    process.wait_for_log("ready", timeout_s=5.0)
    with pytest.raises(ServiceFailed, match=r"(?s)process0 did not write 'absent'.*ready"):
        process.wait_for_log("absent", timeout_s=0.1)


def test_stop_asks_first_and_then_kills(make: Make) -> None:
    polite, stubborn = make(WAIT), make(STUBBORN)
    for process in (polite, stubborn):
        process.start()
        process.wait_for_log("ready", timeout_s=5.0)
    assert polite.stop() == -signal.SIGTERM
    assert stubborn.stop(grace_s=0.1) == -signal.SIGKILL


def test_kill_takes_the_children_along(make: Make) -> None:
    process = make(WITH_CHILD + WAIT, WAIT)
    process.start()
    until(lambda: process.log.text().count("ready") == 2)
    (child,) = psutil.Process(process.pid).children()
    process.kill()
    assert process.returncode == -signal.SIGKILL
    assert not child.is_running()


def test_a_revived_process_finds_nothing_left_of_its_dead_run(make: Make) -> None:
    process = make(WITH_CHILD + WAIT, WAIT)
    process.start()
    until(lambda: process.log.text().count("ready") == 2)
    (child,) = psutil.Process(process.pid).children()
    process.signal(signal.SIGKILL)
    assert process.wait_exit(5.0) == -signal.SIGKILL
    assert child.is_running()
    assert process.revive()
    assert not child.is_running()


def test_a_frozen_process_and_its_children_stand_still(make: Make) -> None:
    process = make(WITH_CHILD + WAIT, WAIT)
    process.start()
    until(lambda: process.log.text().count("ready") == 2)
    everybody = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
    process.freeze()
    assert {one.status() for one in everybody} == {psutil.STATUS_STOPPED}
    process.thaw()
    until(lambda: psutil.STATUS_STOPPED not in {one.status() for one in everybody})


def test_a_program_that_does_not_exist_is_an_error(make: Make, tmp_path: Path) -> None:
    process = make(WAIT)
    absent = ManagedProcess(
        "absent", argv=["/no/such/program"], environment={}, directory=tmp_path, log=tmp_path / "l"
    )
    with pytest.raises(OSError, match="/no/such/program"):
        absent.start()
    process.start()  # the guard goes on


def test_the_supervisor_revives_what_died_and_records_it(make: Make) -> None:
    with Supervisor() as supervisor:
        process = supervisor.add(make(WAIT))
        for deaths in (1, 2):
            process.wait_for_log("ready", timeout_s=5.0)
            process.kill()
            until(lambda deaths=deaths: len(supervisor.revivals) == deaths)  # type: ignore[misc]
        process.wait_for_log("ready", timeout_s=5.0)
        first, second = supervisor.revivals
    assert (first.name, first.exit_code) == ("process0", -signal.SIGKILL)
    assert first.backoff_s < second.backoff_s
    assert not process.running


def test_the_supervisor_leaves_alone_what_was_stopped_or_may_end(make: Make) -> None:
    with Supervisor() as supervisor:
        stopped = supervisor.add(make(WAIT))
        once = supervisor.add(make("print('done')", restart="never"))
        crashing = supervisor.add(make("raise SystemExit(1)"))
        stopped.stop()
        once.wait_exit(5.0)
        until(lambda: len(supervisor.revivals) >= 2)
        assert {revival.name for revival in supervisor.revivals} == {crashing.name}


def test_the_supervisor_stops_all_in_reverse_order(make: Make) -> None:
    say_when = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(0)); " + WAIT
    with Supervisor() as supervisor:
        first = supervisor.add(make(say_when))
        second = supervisor.add(make(say_when))
        for process in (first, second):
            process.wait_for_log("ready", timeout_s=5.0)
        stopped: list[str] = []

        def note_exit(process: ManagedProcess) -> None:
            process.wait_exit(10.0)
            stopped.append(process.name)

        for process in (first, second):
            threading.Thread(target=note_exit, args=(process,)).start()
    until(lambda: len(stopped) == 2)
    assert stopped == [second.name, first.name]

"""Signals: the first asks, the second ends."""

import os
import signal
import subprocess
import sys

from events.stopping import stop_on_signals


def test_the_first_signal_sets_the_event_and_the_old_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    with stop_on_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


def test_the_second_signal_ends_the_process_at_once() -> None:
    program = (
        "import os, signal\n"
        "from events.stopping import stop_on_signals\n"
        "with stop_on_signals() as stop:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    stop.wait(5)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os._exit(1)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)  # noqa: S603 - our own interpreter
    assert ended.returncode == 128 + signal.SIGTERM

"""The demo asked to end while it starts: in order at the first signal, at once at the second."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
_RUN = """
import sys
from pathlib import Path
from local.demo.run import Demo
from local.demo.screen import Screen
sys.exit(Demo(directory=Path(sys.argv[1]), once=True, screen=Screen()).run())
"""
SERVICES = ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "REDIS_URL", "EMAIL_URL")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if name not in SERVICES}
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _RUN, str(tmp_path)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def _read_until(demo: subprocess.Popen[str], text: str) -> str:
    assert demo.stdout is not None
    said = ""
    for line in demo.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"it never said {text!r}: {said}")


def _descendants(demo: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(demo.pid).children(recursive=True)


def test_the_first_signal_ends_it_in_order(demo: subprocess.Popen[str]) -> None:
    _read_until(demo, "answers at")
    children = _descendants(demo)

    demo.send_signal(signal.SIGTERM)

    assert "Everything is stopped." in _read_until(demo, "stopped")
    assert demo.wait(15) == 128 + signal.SIGTERM
    assert len(children) >= 2
    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_the_second_signal_ends_it_at_once(demo: subprocess.Popen[str]) -> None:
    _read_until(demo, "kafka answers at")
    children = _descendants(demo)

    demo.send_signal(signal.SIGINT)
    _read_until(demo, "ends it at once")
    began = time.monotonic()
    demo.send_signal(signal.SIGINT)

    assert demo.wait(15) == 128 + signal.SIGINT
    assert time.monotonic() - began < 2.0
    assert psutil.wait_procs(children, timeout=5)[1] == []

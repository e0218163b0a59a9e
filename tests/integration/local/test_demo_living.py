"""The living demo in a terminal of 80 columns: its table's figures, and what there is to try.

One demo for all tests here; each leaves it as it found it. The commands are those it prints.
"""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(240)

REPOSITORY = Path(__file__).resolve().parents[3]
SERVICES = ("DATABASE_URL", "RELAY_DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "REDIS_URL")
STARTED_WITHIN_S = 120.0
SEEN_WITHIN_S = 60.0
_LIVES = "Ctrl-C ends it"
_PART = re.compile(r"(\w+) (?:(\d+) )?(up|frozen|stopped|down|no answer)(?: restarted (\d+)x)?")


class Demo:
    """The demo's process, what stands on its terminal, and its figures as another shell sees."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        hidden = (*SERVICES, "EMAIL_URL", "NO_COLOR")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "local", "demo", "--directory", str(directory)],
            cwd=REPOSITORY,
            env={**environment, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - for Ctrl-C
        )
        os.close(theirs)
        self._read = bytearray()
        self._reader = threading.Thread(target=self._keep_reading)
        self._reader.start()

    @property
    def screen(self) -> str:
        """All that was written to the terminal so far."""
        return self._read.decode(errors="replace")

    def ctrl_c(self) -> int:
        """Press Ctrl-C; the exit code."""
        os.write(self._ours, b"\x03")
        code = self.process.wait(30)
        self._reader.join(10)
        os.close(self._ours)
        return code

    def command(self, pattern: str) -> str:
        """The printed command that matches."""
        found = re.search(rf"^ {{5}}(.*{pattern}.*?)\r?$", self.screen, re.MULTILINE)
        assert found, f"no command like {pattern}: {self.screen}"
        return found.group(1)

    def paste(self, command: str) -> str:
        """Run a command as a person in another terminal does; what it printed."""
        done = subprocess.run(  # noqa: S602 - the very line that is printed
            command,
            shell=True,
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self) -> str:
        """The table as one line."""
        where = ("--directory", str(self.directory))
        return subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "local", "status", *where],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        ).stdout

    def number(self, pattern: str) -> int:
        """The number in the table behind a label; -1 when it does not know."""
        found = re.search(rf"(?:^|; ){pattern} ([\d,]+)", self.status())
        return int(found.group(1).replace(",", "")) if found else -1

    def part(self, name: str) -> tuple[int, str, int]:
        """Process id, condition and restarts of a process or service."""
        for found in _PART.finditer(self.status().rpartition(";")[2]):
            if found.group(1) == name:
                return int(found.group(2) or 0), found.group(3), int(found.group(4) or 0)
        raise AssertionError(f"no {name} in {self.status()}")

    def wait_until_nothing_is_lost(self) -> None:
        """Wait for two further orders, and for an event and a mail for every order."""
        enough = self.number("orders") + 2

        def is_whole() -> bool:
            orders, published, mails = map(self.number, ("orders", "published", "mails"))
            return enough <= orders == published == mails

        try:
            wait_until(is_whole, timeout_s=SEEN_WITHIN_S, every_s=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.status()}") from None

    def _keep_reading(self) -> None:
        try:
            while read := os.read(self._ours, 65_536):
                self._read += read
        except OSError:
            pass  # the terminal's other end is closed


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    try:
        wait_until(
            lambda: _LIVES in demo.screen or demo.process.poll() is not None,
            timeout_s=STARTED_WITHIN_S,
            every_s=0.2,
        )
        assert demo.process.poll() is None, demo.screen
        yield demo
        everybody = psutil.Process(demo.process.pid).children(recursive=True)
        began = time.monotonic()
        assert demo.ctrl_c() == 0
        assert time.monotonic() - began < 15.0
        assert psutil.wait_procs(everybody, timeout=5)[1] == []
        assert demo.screen.rstrip().endswith("Everything is stopped.")
    finally:
        demo.process.kill()


def test_orders_flow_and_each_becomes_one_event_and_one_mail(demo: Demo) -> None:
    demo.wait_until_nothing_is_lost()

    assert demo.number("orders") >= 12


def test_with_the_consumer_stopped_the_lag_grows_and_started_again_it_drains(demo: Demo) -> None:
    demo.paste(demo.command("stop consumer"))
    wait_until(lambda: demo.number("lag invoices") >= 3, timeout_s=SEEN_WITHIN_S, every_s=0.3)
    assert demo.part("consumer") == (0, "stopped", 0)

    demo.paste(demo.command("start consumer"))
    wait_until(lambda: demo.number("lag invoices") <= 1, timeout_s=SEEN_WITHIN_S, every_s=0.3)
    demo.wait_until_nothing_is_lost()


def test_the_same_order_posted_twice_is_one_event_and_one_mail(demo: Demo) -> None:
    answers = demo.paste(demo.command("curl"))

    assert re.findall(r" (\d+)$", answers, re.MULTILINE) == ["201", "200"]
    wait_until(
        lambda: "by hand 1 event, 1 mail;" in demo.status(), timeout_s=SEEN_WITHIN_S, every_s=0.3
    )
    token = demo.directory / "headers"
    assert token.stat().st_mode & 0o077 == 0
    assert token.read_text().split()[2] not in demo.screen


def test_a_killed_relay_is_started_again_and_nothing_is_lost(demo: Demo) -> None:
    pid, _, restarts = demo.part("relay")

    assert f"process {pid}" in demo.paste(demo.command("kill relay"))

    wait_until(
        lambda: demo.part("relay")[1:] == ("up", restarts + 1),
        timeout_s=SEEN_WITHIN_S,
        every_s=0.3,
    )
    assert demo.part("relay")[0] != pid
    demo.wait_until_nothing_is_lost()


def test_all_orders_replayed_are_done_already_and_nobody_has_a_second_mail(demo: Demo) -> None:
    said = demo.paste(demo.command("runreplay"))

    assert re.search(r"^ +[\d,]+ {2}done already", said, re.MULTILINE), said
    demo.wait_until_nothing_is_lost()


def test_a_killed_service_is_started_again(demo: Demo) -> None:
    pid, _, restarts = demo.part("valkey")

    os.kill(pid, signal.SIGKILL)

    wait_until(
        lambda: demo.part("valkey")[1:] == ("up", restarts + 1),
        timeout_s=SEEN_WITHIN_S,
        every_s=0.3,
    )


def test_a_frozen_broker_is_shown_so_and_freezes_nothing_else(demo: Demo) -> None:
    kafka = psutil.Process(demo.part("kafka")[0])
    drawn = len(demo.screen)

    kafka.suspend()
    try:
        wait_until(lambda: "lag no answer" in demo.status(), timeout_s=SEEN_WITHIN_S, every_s=0.3)
        assert demo.part("kafka")[1] == "frozen"
        assert demo.number("orders") > 0
        wait_until(lambda: "no answer for" in demo.screen[drawn:])  # drawn twice a second
    finally:
        kafka.resume()
    demo.wait_until_nothing_is_lost()


def test_the_table_is_drawn_in_place_below_what_was_told_once(demo: Demo) -> None:
    before = demo.screen.count(_LIVES)
    wait_until(lambda: demo.screen.count(_LIVES) > before + 2, timeout_s=SEEN_WITHIN_S)

    assert demo.screen.count("Admin ") == demo.screen.count("Try this") == 1
    assert "\x1b[2J" not in demo.screen


def test_nobody_can_be_told_what_to_do_by_a_name_that_is_not_there(demo: Demo) -> None:
    command = demo.command("stop consumer").replace("consumer", "nobody")

    with pytest.raises(AssertionError, match="no 'nobody' here, only api, relay, consumer"):
        demo.paste(command)

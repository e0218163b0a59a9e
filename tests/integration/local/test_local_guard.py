"""The guard's last deed: what has to be done elsewhere when our process is gone."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_until

CLIENT = """
import sys, threading
from local.children import shared_guard
taken_back, kept = (["/bin/sh", "-c", f"echo {word} >> {sys.argv[1]}"] for word in ("no", "yes"))
guard = shared_guard()
guard.run_at_end(taken_back)
guard.run_at_end(["/no/such/program"])
guard.run_at_end(kept)
guard.forget_at_end(taken_back)
print("ready", flush=True)
if sys.argv[2:]:
    threading.Event().wait()
"""


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "ended"])
def test_it_runs_what_was_left_to_it_and_not_what_was_taken_back(
    tmp_path: Path, environment: dict[str, str], killed: bool
) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-c", CLIENT, str(told), *(["stay"] if killed else [])]

    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as client:  # noqa: S603 - our own interpreter
        assert client.stdout is not None
        assert client.stdout.readline() == b"ready\n"
        if killed:
            client.send_signal(signal.SIGKILL)

    wait_until(lambda: told.exists() and told.read_text() == "yes\n", timeout_s=15)

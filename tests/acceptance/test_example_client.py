"""The example client: it publishes once, through a server that dies around its commit."""

import ast
import os
import subprocess
import sys

import pytest

from local.children import ROOT
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System

EXAMPLE = ROOT / "examples" / "publish.py"
BEFORE, AFTER = "api.before_commit", "api.after_commit"


def example(system: System, *, token: str, value: str = '{"n": 1}') -> tuple[int, str]:
    """Run it; return its exit code and what it printed."""
    variables = {"API": f"http://127.0.0.1:{system.web_port}", "TOKEN": token}
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, str(EXAMPLE), system.topic, "thing.happened", "k", value],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_it_publishes_once_though_the_server_is_killed_twice_on_the_way(system: System) -> None:
    points = [system.failpoint(point, "kill@1") for point in (BEFORE, AFTER)]
    system.web(failpoints=";".join(points)).start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()

    code, told = example(system, token=system.token)

    assert code == 0, told
    assert (system.reached(BEFORE), system.reached(AFTER)) == (1, 1)
    assert system.value("SELECT count(*) FROM events_event") == 1
    assert ast.literal_eval(told)["id"] == str(system.value("SELECT id FROM events_event"))


@pytest.mark.parametrize("token", ["", "wrong"])
def test_it_does_not_try_again_what_is_refused(system: System, token: str) -> None:
    system.web().start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    code, told = example(system, token=token)
    assert code == 1
    assert "HTTP Error 401" in told


def test_it_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 40

"""docs/api.md: every command in it does what is written there, on real processes."""

import os
import re
import shutil
import subprocess

import pytest

from local.children import ROOT
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System
from tests.acceptance.template import create_topic, delete_topic

DOCUMENT = ROOT / "docs" / "api.md"
TOPIC, GROUP = "order_invoices", "invoices"
# A command, over as many lines as it takes, and the status that is promised for it.
_COMMAND = re.compile(r"^(curl .*?)\n# (\d{3})$", re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(
    shutil.which("curl") is None and not os.environ.get("CI"), reason="needs curl itself"
)
def test_every_command_is_answered_as_it_says(system: System) -> None:
    delete_topic(system.stack, TOPIC, group=GROUP)  # another test may have made it
    create_topic(system.stack, TOPIC)
    for process in (system.web(), system.relay()):
        process.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()

    commands = _COMMAND.findall(DOCUMENT.read_text())

    assert len(commands) >= 12
    assert [(run(system, command), command) for command, _ in commands] == [
        (status, command) for command, status in commands
    ]


def run(system: System, command: str) -> str:
    """Run a command as a reader would; return the status of the answer."""
    ended = subprocess.run(  # noqa: S602 - a shell is what the document is written for
        f"{command} --silent --output /dev/null --write-out '%{{http_code}}'",
        shell=True,
        env={
            **os.environ,
            "API": f"http://127.0.0.1:{system.web_port}",
            "TOKEN": system.token,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.stdout or ended.stderr

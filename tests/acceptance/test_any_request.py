"""Any request: what schemathesis makes of the OpenAPI document is answered as it promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System

# For each operation; the whole of it: WAYBILL_ANY_REQUESTS=700.
EXAMPLES = int(os.environ.get("WAYBILL_ANY_REQUESTS", "25"))
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "ignored_auth",
)
WITHIN_S = 90 + EXAMPLES * 5


@pytest.mark.timeout(WITHIN_S + 60)
@pytest.mark.parametrize("caller", ["with a token", "without a token"])
def test_every_request_is_answered_as_the_document_says(system: System, caller: str) -> None:
    system.web(variables={"LOG_LEVEL": "ERROR", "WEB_ACCESS_LOG": "false"}).start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    report = system.directory / "report.json"
    header = ["--header", f"Authorization: Token {system.token}"] if "with a" in caller else []
    code, told = run(system, *header, report=report)
    assert code == 0, told
    assert f"{json.loads(report.read_bytes())['operations']['tested']}" != "0", told


def run(system: System, *flags: str, report: Path) -> tuple[int, str]:
    """Run schemathesis; return its exit code and what it printed."""
    address = f"http://127.0.0.1:{system.web_port}"
    argv = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/v1/schema/"),
        *("--url", address, "--checks", ",".join(CHECKS), "--max-examples", str(EXAMPLES)),
        *("--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color"),
        *("--report-json-path", str(report), "--generation-database", "none"),
        *flags,
    ]
    ended = subprocess.run(  # noqa: S603 - our own arguments
        argv, cwd=system.directory, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    return ended.returncode, ended.stdout + ended.stderr

"""One id follows a request: into its answer, every line of the log, and what it stores."""

import http.client
import json
from functools import partial

from local.processes import ManagedProcess
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System
from tests.waiting import wait_until

EVENT = b'{"type": "thing.happened", "data": 1, "key": "k"}'
HEADER = "X-Request-ID"


def test_the_callers_id_is_in_the_answer_the_log_and_the_event(system: System) -> None:
    web = system.web()
    web.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    publish = f"/api/v1/topics/{system.topic}/events"

    for number, (method, path, body, status) in enumerate(
        (
            ("POST", publish, EVENT, 202),
            ("POST", publish, b"{", 400),
            ("POST", "/api/v1/topics/none/events", EVENT, 404),
            ("PUT", publish, EVENT, 405),
            ("GET", "/nowhere", b"", 404),
            ("GET", "/api/v1/limits?x=1", b"", 400),
            ("GET", "/livez", b"", 200),
        )
    ):
        name = f"caller-{number}"
        assert ask(system, method, path, body, **{HEADER: name}) == (status, name)
        wait_until(partial(logged, web, name))
    stored = system.value("SELECT request_id FROM events_event")
    assert stored == "caller-0"

    for offered in ("", "two words", "x" * 129, "a;b", "é"):
        status, given = ask(system, "GET", "/livez", b"", **{HEADER: offered})
        assert (status, len(given)) == (200, 32)
        assert given != offered
    assert ask(system, "GET", "/livez", b"", Authorization="Token none")[1]
    assert ask(
        system, "GET", "/api/v1/limits", b"", Authorization="Token none", **{HEADER: "me"}
    ) == (
        401,
        "me",
    )


def ask(system: System, method: str, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """The status and the id of one answer."""
    own = {"Authorization": f"Token {system.token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", system.web_port, timeout=30)
    try:
        encoded = {name: value.encode("latin-1") for name, value in {**own, **headers}.items()}
        connection.request(method, path, body, encoded)
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers[HEADER]
    finally:
        connection.close()


def logged(web: ManagedProcess, request_id: str) -> bool:
    """Whether the line of the web server about the request has its id."""
    lines = web.log.text().splitlines()
    return any(is_of(line, request_id) for line in lines)


def is_of(line: str, request_id: str) -> bool:
    if line.startswith("{"):
        told = json.loads(line)
        return bool(told.get("request_id") == request_id and told["event"] == "request")
    return f"request_id={request_id} " in f"{line} " and "gunicorn.access" in line

"""How long the API waits for others: for a body that trickles, and for Kafka."""

import http.client
import json
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from local.processes import ManagedProcess
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System
from tests.waiting import wait_until

REQUEST_S = 2.0
EVENT = b'{"type": "thing.happened", "data": 1}'


@pytest.fixture
def web(system: System) -> ManagedProcess:
    web = system.web(variables={"WEB_REQUEST_TIMEOUT": str(REQUEST_S), "WEB_WORKERS": "1"})
    web.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    return web


def head(system: System, *more: str) -> bytes:
    lines = [
        f"POST /api/v1/topics/{system.topic}/events HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Token {system.token}",
        "Content-Type: application/json",
        *more,
        "\r\n",
    ]
    return "\r\n".join(lines).encode()


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


@pytest.mark.usefixtures("web")
@pytest.mark.parametrize("framing", ["Content-Length: 500", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_arrive_in_time_is_answered_with_408(
    system: System, framing: str
) -> None:
    hung_up = threading.Event()
    with socket.create_connection(("127.0.0.1", system.web_port), timeout=30) as connection:
        connection.sendall(head(system, framing))

        def trickle() -> None:
            while not hung_up.wait(0.2):
                try:
                    connection.sendall(b"1\r\n \r\n" if "chunked" in framing else b" ")
                except OSError:
                    return

        thread = threading.Thread(target=trickle)
        began = time.monotonic()
        thread.start()
        try:
            status, body = answer_of(connection)
        finally:
            hung_up.set()
            thread.join()
    assert (status, json.loads(body)["code"]) == (408, "too-slow")
    assert time.monotonic() - began < REQUEST_S + 5
    assert system.value("SELECT count(*) FROM events_event") == 0


def test_who_waits_for_kafka_is_answered_when_the_process_stops(
    system: System, web: ManagedProcess
) -> None:
    """There is no relay: only the end of the process ends the wait."""

    def wait_for_kafka() -> tuple[int, bytes]:
        length = f"Content-Length: {len(EVENT)}"
        with socket.create_connection(("127.0.0.1", system.web_port), timeout=40) as connection:
            connection.sendall(head(system, "Prefer: wait=30", length) + EVENT)
            return answer_of(connection)

    with ThreadPoolExecutor(1) as threads:
        waiting: Future[tuple[int, bytes]] = threads.submit(wait_for_kafka)
        wait_until(lambda: system.value("SELECT count(*) FROM events_event") == 1)
        assert not waiting.done()
        began = time.monotonic()
        web.stop()
        status, body = waiting.result(timeout=10)
    assert time.monotonic() - began < 10
    assert (status, json.loads(body)["state"]) == (202, "accepted")

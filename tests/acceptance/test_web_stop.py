"""SIGTERM under load: what was accepted is answered, the rest refused, the end is in time."""

import signal
import socket
import time

from tests.acceptance.api_client import NO_ANSWER
from tests.acceptance.keyed_request import KeyedRequest
from tests.acceptance.publishing import publishing
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

BEFORE = "api.before_commit"
GRACE_S = 15


def test_a_stopping_api_answers_what_it_has_and_refuses_the_rest(system: System) -> None:
    web = system.web(
        failpoints=system.failpoint(BEFORE, "wait@1"),
        variables={"WEB_GRACEFUL_TIMEOUT": str(GRACE_S)},
    )
    for process in (web, system.relay(), system.consumer()):
        process.start()
    with publishing(system, clients=6) as clients:
        request = KeyedRequest(system, key="long")
        answer = request.start()
        wait_until(lambda: system.reached(BEFORE) == 1, timeout_s=30)
        wait_until(lambda: sum(client.accepted for client in clients) > 100, timeout_s=30)
        began = time.monotonic()
        web.signal(signal.SIGTERM)
        wait_until(lambda: is_refused(system.web_port), timeout_s=5)
        refused_after_s = time.monotonic() - began
        assert web.running, "it has a request in hand"
        system.release(BEFORE)
        code = web.wait_exit(GRACE_S)
    assert code == 0
    request.note_accepted(answer.result(timeout=5))
    assert refused_after_s < 3.0
    stored = system.value("SELECT count(*) FROM events_event")
    assert stored == len(system.history().accepted), "stored, and its caller heard nothing"

    system.wait_until_recovered()
    assert violations(system.history()) == []
    assert "Traceback" not in web.log.text()


def test_a_request_that_takes_longer_than_the_grace_is_cut_and_the_process_ends(
    system: System,
) -> None:
    web = system.web(
        failpoints=system.failpoint(BEFORE, "wait@1"), variables={"WEB_GRACEFUL_TIMEOUT": "2"}
    )
    web.start()
    request = KeyedRequest(system, key="long")
    request.wait_until_ready()
    answer = request.start()
    wait_until(lambda: system.reached(BEFORE) == 1)
    web.signal(signal.SIGTERM)
    began = time.monotonic()
    web.wait_exit(15)
    assert time.monotonic() - began < 10
    assert isinstance(answer.exception(timeout=20), NO_ANSWER)
    assert request.stored() == 0


def test_a_request_that_waits_for_kafka_is_answered_when_the_process_stops(
    system: System,
) -> None:
    web = system.web()
    web.start()
    request = KeyedRequest(system, key="waits", prefer="wait=30")  # no relay: for nothing
    request.wait_until_ready()
    answer = request.start()
    wait_until(lambda: request.stored() == 1, timeout_s=10)
    assert not answer.done()
    began = time.monotonic()
    web.signal(signal.SIGTERM)
    assert answer.result(timeout=10).status == 202
    assert web.wait_exit(10) == 0
    assert time.monotonic() - began < 10


def is_refused(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except ConnectionRefusedError:
        return True
    return False

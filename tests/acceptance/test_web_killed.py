"""F1, F2, F53: a web process dies around its commit; the same request again makes it good."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from local.processes import ManagedProcess
from tests.acceptance.api_client import NO_ANSWER, ApiClient
from tests.acceptance.keyed_request import REPLAYED, KeyedRequest
from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.checker.invariants import violations
from tests.waiting import wait_until

BEFORE, AFTER = "api.before_commit", "api.after_commit"
KILLS = 25  # at each of the two points
CLIENTS = 4


def test_a_web_process_killed_at_its_commit_leaves_all_or_nothing(system: System) -> None:
    start(system, action="kill@1")
    request = KeyedRequest(system, key="killed")
    with pytest.raises(NO_ANSWER):
        request.send()
    assert (system.reached(BEFORE), system.reached(AFTER)) == (1, 0)
    assert request.stored() == 0

    with pytest.raises(NO_ANSWER):
        request.send()
    assert system.reached(AFTER) == 1
    assert request.stored() == 1
    finish(system, request)


def test_a_worker_that_hangs_or_is_killed_in_a_request_leaves_all_or_nothing(
    system: System,
) -> None:
    web = start(system, "--timeout", "2", action="wait@1")
    request = KeyedRequest(system, key="stuck")
    answer = request.start()
    wait_until(lambda: system.reached(BEFORE) == 1)
    os.kill(pid_at(system, BEFORE), signal.SIGSTOP)  # stuck as a whole, not only in this request
    assert isinstance(answer.exception(timeout=20), NO_ANSWER)
    web.wait_for_log("WORKER TIMEOUT", timeout_s=1)
    assert request.stored() == 0

    # The lock of the dead session is gone with it: the key is free.
    answer = request.start()
    wait_until(lambda: system.reached(AFTER) == 1 or answer.done())
    assert system.reached(AFTER) == 1, answer.result()
    os.kill(pid_at(system, AFTER), signal.SIGKILL)
    assert isinstance(answer.exception(timeout=20), NO_ANSWER)
    assert request.stored() == 1
    finish(system, request)


def test_fifty_kills_around_the_commit_make_no_second_event(system: System) -> None:
    kills = dict.fromkeys((BEFORE, AFTER), f"kill@1-3x{KILLS}")
    web = system.web(
        "--preload",  # a worker that was killed is back in milliseconds
        failpoints=";".join(system.failpoint(point, kill) for point, kill in kills.items()),
    )
    for process in (web, system.relay(), system.consumer()):
        process.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready(timeout_s=30)
    with ThreadPoolExecutor(CLIENTS) as threads:
        done = list(threads.map(lambda client: insist(system, client), range(CLIENTS)))
    sent = sum(done)
    assert system.reached(BEFORE) >= KILLS
    assert system.reached(AFTER) >= KILLS
    assert system.value("SELECT count(*) FROM events_event") == sent
    assert system.value("SELECT count(DISTINCT idempotency_key) FROM events_event") == sent
    wait_until(lambda: system.effects() == sent, timeout_s=30)
    system.wait_until_recovered()
    assert violations(system.history()) == []


def insist(system: System, client: int) -> int:
    """Send one request after the other, each until it is answered, until all kills are done."""
    number = 0
    while min(system.reached(BEFORE), system.reached(AFTER)) < KILLS:
        number += 1
        request = KeyedRequest(
            system, key=f"client-{client}-{number}", number=number, client=f"client-{client}"
        )
        answer = request.send_until_answered()
        assert answer.status == 202, answer.body
        request.note_accepted(answer)
    return number


def start(system: System, *flags: str, action: str) -> ManagedProcess:
    """Start the API with both failpoints, and what brings its events to the handler."""
    points = [system.failpoint(point, action) for point in (BEFORE, AFTER)]
    web = system.web(*flags, failpoints=";".join(points))
    for process in (web, system.relay(), system.consumer()):
        process.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    return web


def pid_at(system: System, point: str) -> int:
    """The process that stands at a failpoint."""
    [line] = durable_lines.read(system.marker(point))
    return int(line["pid"])


def finish(system: System, request: KeyedRequest) -> None:
    """The client hears what became of its request, twice the same; its event is handled once."""
    answers = [request.send_until_answered() for _ in range(2)]
    assert [(answer.status, answer.headers[REPLAYED]) for answer in answers] == [(202, "true")] * 2
    assert answers[0].body == answers[1].body
    assert answers[0].headers["Location"] == f"/api/v1/events/{answers[0].json['id']}"
    request.note_accepted(answers[0])
    wait_until(lambda: system.effects() == 1, timeout_s=30)
    system.wait_until_recovered()
    assert request.stored() == system.effects() == 1
    assert violations(system.history()) == []

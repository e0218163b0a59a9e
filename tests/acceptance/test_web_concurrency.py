"""F3, F52: fifty requests at once under one key, on forked workers; no producer in any."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from local.processes import ManagedProcess
from tests.acceptance.api_client import Answer, ApiClient
from tests.acceptance.keyed_request import REPLAYED, KeyedRequest
from tests.acceptance.publishing import publishing
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

BEFORE = "api.before_commit"
TOGETHER = 50
WORKERS = 4
BATCH = 10
KAFKA_CLIENT = "confluent_kafka"


@pytest.fixture
def web(system: System) -> ManagedProcess:
    """The API, loaded before its workers are forked; their first commit waits to be released."""
    web = system.web(
        "--preload",
        failpoints=system.failpoint(BEFORE, "wait@1"),
        variables={"WEB_WORKERS": str(WORKERS)},
    )
    for process in (web, system.relay(), system.consumer()):
        process.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()
    return web


@pytest.mark.usefixtures("web")
def test_fifty_requests_under_one_key_make_one_event(system: System) -> None:
    request, other = (KeyedRequest(system, key="one", number=number) for number in (1, 2))
    first = request.start()
    wait_until(lambda: system.reached(BEFORE) == 1)
    for answer in at_once(request, other):
        assert (answer.status, answer.json["code"]) == (409, "idempotency-key-in-use")
        assert answer.headers["Retry-After"] == "1"
    system.release(BEFORE)

    stored = first.result(timeout=20)
    assert stored.status == 202
    assert REPLAYED not in stored.headers
    for answer in at_once(request):
        assert (answer.status, answer.headers[REPLAYED]) == (202, "true")
        assert answer.body == stored.body
    refused = other.send()
    assert (refused.status, refused.json["code"]) == (422, "idempotency-key-reused")
    request.note_accepted(stored)

    race = KeyedRequest(system, key="two", number=3)
    race.note_accepted(the_first_of(at_once(race)))
    batch = KeyedRequest(system, key="three", number=4, together=BATCH)
    batch.note_accepted(the_first_of(at_once(batch)))
    assert (request.stored(), race.stored(), batch.stored()) == (1, 1, BATCH)
    finish(system, effects=2 + BATCH)


def test_every_202_of_forked_workers_arrives_and_none_owns_a_producer(
    system: System, web: ManagedProcess
) -> None:
    system.release(BEFORE)
    with publishing(system, clients=2 * WORKERS) as clients:
        wait_until(lambda: sum(client.accepted for client in clients) > 150, timeout_s=40)
    assert {answer for client in clients for answer in client.answers} == {202}
    finish(system, effects=sum(client.accepted for client in clients))
    visit_every_room(system)

    loaded = {process.pid: has_kafka_client(process) for process in tree_of(web)}
    assert len(loaded) == 1 + WORKERS
    assert not any(loaded.values()), loaded
    [relay] = [each for each in system.processes if each.name == "relay"]
    assert any(map(has_kafka_client, tree_of(relay))), "the look into a process sees nothing"


def at_once(*requests: KeyedRequest) -> list[Answer]:
    """Send the requests fifty times in all, at the same moment."""
    start = threading.Barrier(TOGETHER, timeout=30)

    def send(number: int) -> Answer:
        start.wait()
        return requests[number % len(requests)].send()

    with ThreadPoolExecutor(TOGETHER) as threads:
        return list(threads.map(send, range(TOGETHER)))


def the_first_of(answers: list[Answer]) -> Answer:
    """Of requests that raced: one was carried out, the others replay it or were told to wait."""
    [first] = [each for each in answers if each.status == 202 and REPLAYED not in each.headers]
    for answer in answers:
        assert answer.status in {202, 409}
        assert answer.status == 409 or answer.body == first.body
    return first


def visit_every_room(system: System) -> None:
    """Have the workers load what they load late: the admin, the orders, the waybill."""
    api = ApiClient(system.web_port, token=system.token)
    event = system.value("SELECT id FROM events_event LIMIT 1")
    for _ in range(2 * WORKERS):
        assert api.get(f"/api/v1/events/{event}").status == 200
        assert api.post("/api/v1/orders", b"{}").status == 422
        assert api.get("/admin/login/").status == 200


def tree_of(process: ManagedProcess) -> list[psutil.Process]:
    """The process and all it started."""
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


def has_kafka_client(process: psutil.Process) -> bool:
    """Whether the library of Kafka's client is in the memory of a process."""
    return any(KAFKA_CLIENT in each.path for each in process.memory_maps())


def finish(system: System, *, effects: int) -> None:
    wait_until(lambda: system.effects() == effects, timeout_s=30)
    system.wait_until_recovered()
    assert system.effects() == effects
    assert violations(system.history()) == []

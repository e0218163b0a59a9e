"""F39 and a frozen PostgreSQL: a request gets its 503 in time, and the API recovers by itself."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.acceptance.api_client import Answer, ApiClient
from tests.acceptance.system import System
from tests.waiting import wait_until

STATEMENT_S = 2
FROZEN_ANSWER_S = STATEMENT_S + 2.0
POOL_WAIT_S = 5.0
MARGIN_S = 4.0  # threads of a busy machine
AT_ONCE = 6


def test_an_exhausted_pool_is_a_503_and_recovers(system: System) -> None:
    start(system, ACCEPTANCE_POOL_SIZE="1")
    with system.database() as database, database.transaction():
        database.execute("LOCK TABLE events_event IN SHARE MODE")  # one request holds the pool
        answers = at_once(system)
        assert_refused(answers, within_s=POOL_WAIT_S + MARGIN_S)
    web = system.processes[0].log.text()
    assert "couldn't get a connection after 5.00 sec" in web
    assert "lock timeout" in web or "lock_timeout" in web
    assert_recovered(system)


def test_a_frozen_database_is_a_503_and_recovers(system: System) -> None:
    start(system, WEB_STATEMENT_TIMEOUT=str(STATEMENT_S))
    assert {answer.status for answer, _ in at_once(system)} == {202}
    postgres = system.stack.postgres
    postgres.freeze()
    try:
        answers = at_once(system)
        # The pool asks a connection whether it lives, gives it up, and waits for another.
        assert_refused(answers, within_s=FROZEN_ANSWER_S + POOL_WAIT_S + MARGIN_S)
        again = at_once(system)
        assert_refused(again, within_s=FROZEN_ANSWER_S + POOL_WAIT_S + MARGIN_S)
        assert postgres.frozen
    finally:
        postgres.thaw()
    assert_recovered(system)


def start(system: System, **variables: str) -> None:
    """Start the API with one worker, and the relay."""
    for process in (system.web(variables={"WEB_WORKERS": "1", **variables}), system.relay()):
        process.start()
    ApiClient(system.web_port, token=system.token).wait_until_ready()


def at_once(system: System) -> list[tuple[Answer, float]]:
    """Post several events at the same time; return the answers, and how long each took."""

    def post(_number: int) -> tuple[Answer, float]:
        client = ApiClient(system.web_port, token=system.token)
        began = time.monotonic()
        body = b'{"type": "thing.happened", "data": 1}'
        answer = client.post(f"/api/v1/topics/{system.topic}/events", body)
        return answer, time.monotonic() - began

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(post, range(AT_ONCE)))


def assert_refused(answers: list[tuple[Answer, float]], *, within_s: float) -> None:
    """Every answer says: not now, try again; and comes in time."""
    told = {(answer.status, answer.json["code"]) for answer, _ in answers}
    assert told == {(503, "unavailable")}
    assert all(answer.headers["Retry-After"] for answer, _ in answers)
    assert max(took_s for _, took_s in answers) < within_s


def assert_recovered(system: System) -> None:
    """The same processes serve again, and what they accepted arrives."""
    before = system.value("SELECT count(*) FROM events_event")
    wait_until(lambda: {each.status for each, _ in at_once(system)} == {202}, timeout_s=30)
    assert system.value("SELECT count(*) FROM events_event") >= before + AT_ONCE
    wait_until(lambda: not system.backlog(), timeout_s=30)

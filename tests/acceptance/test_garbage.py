"""F40: bad input on the real server, garbage on the topic: refused or set aside, nothing stuck."""

import hashlib
from collections import Counter

import pytest

from tests.acceptance.api_client import ApiClient
from tests.acceptance.producing import put_garbage, put_tombstones
from tests.acceptance.system import System
from tests.checker.history import DeadLetter
from tests.checker.invariants import violations
from tests.waiting import wait_until

EVENTS = 10
TOMBSTONES = 3
HEAD = b'{"type": "thing.happened", "data": '
REFUSED = {
    "empty": (b"", 400),
    "cut off": (HEAD, 400),
    "not JSON": (bytes(range(256)), 400),
    "NUL": (HEAD + b'"\\u0000"}', 400),
    "lone surrogate": (HEAD + b'"\\ud800"}', 400),
    "5,000 deep": (HEAD + b"[" * 5_000 + b"]" * 5_000 + b"}", 400),
    "an array": (b"[]", 422),
    "wrong types": (b'{"type": 1, "key": [], "data": 1}', 422),
    "unknown type": (b'{"type": "no.such", "data": 1}', 422),
    "10 MB": (HEAD + b'"' + b"x" * 10_000_000 + b'"}', 413),
}
GARBAGE = [b"\xff\x00garbage", b"", b"{", b"[" * 5_000, b"\xed\xa0\x80", b"x" * 500_000, b"{}"]


@pytest.fixture
def api(system: System) -> ApiClient:
    system.web().start()
    client = ApiClient(system.web_port, token=system.token)
    client.wait_until_ready()
    return client


def test_bad_input_is_refused_and_garbage_on_the_topic_set_aside(
    system: System, api: ApiClient
) -> None:
    relay, consumer = system.relay(), system.consumer()
    relay.start()
    consumer.start()
    path = f"/api/v1/topics/{system.topic}/events"
    for name, (body, status) in REFUSED.items():
        answer = api.post(path, body)
        assert answer.status == status, (name, answer)
        assert answer.headers["Content-Type"] == "application/problem+json", name
    # Refused before the body is looked at: the answer is read all the same.
    large, _ = REFUSED["10 MB"]
    assert api.post("/api/v1/topics/no_such_topic/events", large).status == 404
    assert ApiClient(system.web_port, token=system.topic).post(path, large).status == 401

    put_garbage(system, GARBAGE)
    put_tombstones(system, TOMBSTONES)  # the subscription has an `on_delete`
    system.publish(EVENTS)
    wait_until(lambda: system.effects() == EVENTS + TOMBSTONES, timeout_s=30)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert sorted(letter.value_sha256 or "" for letter in history.dead_letters) == sorted(
        hashlib.sha256(value).hexdigest() for value in GARBAGE
    )
    told = Counter(reason_of(letter) for letter in history.dead_letters)
    assert told == {"not JSON": len(GARBAGE) - 1, "not UTF-8": 1}
    assert all(process.running for process in (relay, consumer))
    assert "Traceback" not in relay.log.text() + consumer.log.text()
    assert api.get("/readyz").status == 200


def reason_of(letter: DeadLetter) -> str:
    """Return the part of a dead letter's reason that says what is wrong."""
    for known in ("not JSON", "not UTF-8"):
        if known in letter.reason:
            return known
    return letter.reason

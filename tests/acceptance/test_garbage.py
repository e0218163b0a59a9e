"""Bad input on the real server, and garbage on the topic itself: clear refusals, nothing stuck."""

import hashlib

import pytest

from tests.acceptance.api_client import ApiClient
from tests.acceptance.producing import put_garbage
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

EVENTS = 10
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
    unknown = api.post("/api/v1/topics/no_such_topic/events", HEAD + b"1}")
    assert unknown.status == 404

    put_garbage(system, GARBAGE)
    system.publish(EVENTS)
    wait_until(lambda: system.effects() == EVENTS, timeout_s=30)
    system.wait_until_recovered()
    history = system.history()
    assert violations(history) == []
    assert sorted(letter.value_sha256 or "" for letter in history.dead_letters) == sorted(
        hashlib.sha256(value).hexdigest() for value in GARBAGE
    )
    assert "Traceback" not in relay.log.text()
    assert api.get("/readyz").status == 200

"""A caller's connection: a request has to arrive in time, and no caller is waited for."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from config.web_bounds import web_bounds
from config.web_caller import Caller
from tests.waiting import wait_until

WITHIN_S = 0.3
PAUSE = threading.Event()  # between the bytes of one who trickles


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Caller, socket.socket]]:
    """The server's end, with a short bound, and the client's."""
    monkeypatch.setenv("WEB_REQUEST_TIMEOUT", str(WITHIN_S))
    web_bounds.cache_clear()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        served, _ = listener.accept()
    caller = Caller.of(served)
    yield caller, client
    caller.close()
    client.close()
    web_bounds.cache_clear()


def test_what_comes_in_time_is_received(pair: tuple[Caller, socket.socket]) -> None:
    caller, client = pair
    caller.expect_request()
    client.sendall(b"GET /")
    assert caller.recv(100) == b"GET /"
    assert caller.gettimeout() is None


def test_silence_ends_at_the_deadline(pair: tuple[Caller, socket.socket]) -> None:
    caller, _client = pair
    caller.expect_request()
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        caller.recv(100)
    assert time.monotonic() - began >= WITHIN_S * 0.9
    with pytest.raises(TimeoutError):
        caller.recv(100)


def test_single_bytes_do_not_move_the_deadline(pair: tuple[Caller, socket.socket]) -> None:
    caller, client = pair
    caller.expect_request()
    deadline = time.monotonic() + 10 * WITHIN_S
    with pytest.raises(TimeoutError):  # noqa: PT012 - which byte is the last is not known
        while time.monotonic() < deadline:
            client.sendall(b"x")
            assert caller.recv(1) == b"x"
            PAUSE.wait(0.01)


def test_many_bytes_gain_time(pair: tuple[Caller, socket.socket]) -> None:
    caller, client = pair
    caller.expect_request()
    client.sendall(b"x" * 64_000)
    received = 0
    while received < 64_000:
        received += len(caller.recv(65_536))
    assert caller.deadline - time.monotonic() > 0.9


def test_a_new_request_has_its_own_time(pair: tuple[Caller, socket.socket]) -> None:
    caller, client = pair
    caller.expect_request()
    with pytest.raises(TimeoutError):
        caller.recv(1)
    caller.end_request()
    caller.expect_request()
    client.sendall(b"x")
    assert caller.recv(1) == b"x"


def test_who_is_left_hears_the_end_and_closing_waits_for_nothing(
    pair: tuple[Caller, socket.socket],
) -> None:
    caller, client = pair
    client.close()
    began = time.monotonic()
    caller.leave()
    assert time.monotonic() - began < 0.5
    with pytest.raises(OSError, match="left before"):
        caller.shutdown(socket.SHUT_WR)


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "arrived"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost:", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (HEAD, False),
        (HEAD + b"1234", False),
        (HEAD + b"12345", True),
        (HEAD + b"12345GET /next", True),
        (HEAD.replace(b"Content-Length: 5", b"Content-Length: 500000"), True),
        (HEAD.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked"), True),
        (HEAD.replace(b"Host: x", b"Expect: 100-continue"), True),
        (b"x" * 20_000, True),
    ],
)
def test_a_request_has_arrived_when_a_thread_need_not_wait(
    pair: tuple[Caller, socket.socket], sent: bytes, arrived: bool
) -> None:
    caller, client = pair
    caller.expect_request()
    client.sendall(sent)
    assert caller.has_arrived() is arrived
    if arrived:
        assert caller.recv(30_000) == sent, "not a byte was taken"


def test_what_breaks_off_has_arrived(pair: tuple[Caller, socket.socket]) -> None:
    caller, client = pair
    caller.expect_request()
    client.sendall(HEAD)
    assert not caller.has_arrived()
    client.shutdown(socket.SHUT_WR)
    assert caller.has_arrived()


def test_what_is_late_has_arrived(pair: tuple[Caller, socket.socket]) -> None:
    caller, client = pair
    caller.expect_request()
    client.sendall(HEAD)
    assert not caller.has_arrived()
    wait_until(lambda: time.monotonic() >= caller.deadline)
    assert caller.has_arrived()
    assert caller.recv(65_536) == HEAD  # so that the caller can be told
    client.sendall(b"more")
    with pytest.raises(TimeoutError):
        caller.recv(1)

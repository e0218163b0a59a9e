"""Callers that trickle hold no thread, those with large bodies for a while; others are served.

With FULL_LENGTH=1 the bound is that of production.
"""

import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local.demo.screen import Screen
from tests.acceptance.api_client import ApiClient
from tests.acceptance.length import lasting
from tests.acceptance.system import System
from tests.waiting import wait_until

CALLERS = 200
WITHIN_S = lasting(3.0, full=10.0)
SERVED_WITHIN_S = 1.5  # on a busy machine
LARGE = 6  # of 16 threads, in two processes
HEAD = (
    "POST /api/v1/topics/{topic}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Authorization: Token {token}\r\nContent-Type: application/json\r\n"
)


class Tricklers:
    """Connections that send a byte now and then, half of them of their head, half of their body.

    The bodies of the first LARGE ones are too large to be waited for outside of the threads.
    `cut` counts those that the server ended.
    """

    def __init__(self, system: System) -> None:
        head = HEAD.format(topic=system.topic, token=system.token).encode()
        self.cut = 0
        self._sockets = selectors.DefaultSelector()
        for number in range(CALLERS):
            connection = socket.create_connection(("127.0.0.1", system.web_port))
            length = 500_000 if number < LARGE else 500
            body = b"Content-Length: %d\r\n\r\n" % length
            connection.sendall(head + (body if number < LARGE or number % 2 else b"X-Slow: "))
            self._sockets.register(connection, selectors.EVENT_READ)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tricklers", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Hang up."""
        self._stop.set()
        self._thread.join()
        for key in list(self._sockets.get_map().values()):
            self._end(key)
        self._sockets.close()

    def _run(self) -> None:
        while not self._stop.is_set() and self._sockets.get_map():
            for key, _ in self._sockets.select(0.1):
                if not self._answers(key):
                    self.cut += 1
                    self._end(key)
            for key in list(self._sockets.get_map().values()):
                self._send(key)

    def _answers(self, key: selectors.SelectorKey) -> bool:
        try:
            return bool(key.fileobj.recv(4_096))  # type: ignore[union-attr] # sockets, all of them
        except OSError:
            return False

    def _send(self, key: selectors.SelectorKey) -> None:
        try:
            key.fileobj.sendall(b" ")  # type: ignore[union-attr] # as above
        except OSError:
            self.cut += 1
            self._end(key)

    def _end(self, key: selectors.SelectorKey) -> None:
        self._sockets.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr] # as above


@contextmanager
def trickling(system: System) -> Iterator[Tricklers]:
    """Have the callers trickle until the block is left."""
    tricklers = Tricklers(system)
    tricklers.start()
    try:
        yield tricklers
    finally:
        tricklers.stop()


def test_callers_that_trickle_are_cut_off_and_others_served(system: System) -> None:
    system.web(variables={"WEB_REQUEST_TIMEOUT": str(WITHIN_S)}).start()
    client = ApiClient(system.web_port, token=system.token)
    client.wait_until_ready()
    with trickling(system) as tricklers:
        began = time.monotonic()
        waits = [served_after_s(system, client) for _ in range(5)]
        assert tricklers.cut == 0, "they trickle still"
        wait_until(lambda: tricklers.cut == CALLERS, timeout_s=3 * WITHIN_S + 10)
        took_s = time.monotonic() - began
    assert max(waits) < SERVED_WITHIN_S
    Screen().line(
        f"{CALLERS} trickling callers: all cut off after {took_s:.1f} s of {WITHIN_S:g}; "
        f"another one waited {max(waits):.2f} s at most"
    )
    assert served_after_s(system, client) < SERVED_WITHIN_S


def served_after_s(system: System, client: ApiClient) -> float:
    """Publish an event; return how long that took."""
    began = time.monotonic()
    body = b'{"type": "thing.happened", "data": 1}'
    assert client.post(f"/api/v1/topics/{system.topic}/events", body).status == 202
    return time.monotonic() - began

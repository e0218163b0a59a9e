"""The TCP proxy against a small server that repeats what it hears, and remembers it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from tests.proxy import Proxy
from tests.waiting import wait_until

SOON_S = 0.3


class Echo:
    """Repeats each piece it hears; `heard` is all of it, `gone` counts the clients that left."""

    def __init__(self) -> None:
        self.heard = b""
        self.gone = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):  # closed before
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                while piece := client.recv(65_536):
                    self.heard += piece
                    client.sendall(piece)
            except OSError:
                pass
        self.gone += 1


@pytest.fixture
def echo() -> Iterator[Echo]:
    with closing(Echo()) as server:
        yield server


@pytest.fixture
def proxy(echo: Echo) -> Iterator[Proxy]:
    with Proxy("127.0.0.1", echo.port) as proxy:
        yield proxy


def connect(proxy: Proxy, *, timeout_s: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout_s)


def ask(client: socket.socket, request: bytes) -> bytes:
    """Send, and read as much as was sent; less if the other side ends."""
    with suppress(ConnectionError):  # reset before: the end is what there is to read
        client.sendall(request)
    return read(client, len(request))


def read(client: socket.socket, size: int) -> bytes:
    answer = b""
    while len(answer) < size:
        try:
            piece = client.recv(65_536)
        except ConnectionError:
            break
        if not piece:
            break
        answer += piece
    return answer


def test_everything_passes_unchanged_and_an_orderly_end_loses_nothing(
    echo: Echo, proxy: Proxy
) -> None:
    content = bytes(range(256)) * 8_000
    with connect(proxy) as client, connect(proxy) as other:
        sender = threading.Thread(target=client.sendall, args=(content,))
        sender.start()
        assert read(client, len(content)) == content
        sender.join()
        assert ask(other, b"beside") == b"beside"
        client.sendall(b"last")
        client.shutdown(socket.SHUT_WR)
        assert read(client, 100) == b"last"
    wait_until(lambda: echo.gone == 2)
    assert proxy.counts.connections == 2
    assert (proxy.counts.cut, proxy.counts.dropped, proxy.counts.delayed) == (0, 0, 0)


@pytest.mark.parametrize(
    ("direction", "delays"), [("to_server", 1), ("to_client", 1), ("both", 2)]
)
def test_a_delay_holds_what_goes_its_way(proxy: Proxy, direction: str, delays: int) -> None:
    with connect(proxy) as client:
        assert ask(client, b"quick") == b"quick"
        proxy.delay(SOON_S, direction)  # type: ignore[arg-type]
        began = time.monotonic()
        assert ask(client, b"slow") == b"slow"
        assert time.monotonic() - began >= delays * SOON_S
        proxy.pass_on()
        assert ask(client, b"quick") == b"quick"
    assert proxy.counts.delayed == delays


def test_dropping_ends_what_is_open_and_refuses_what_is_new(echo: Echo, proxy: Proxy) -> None:
    with connect(proxy) as client:
        assert ask(client, b"before") == b"before"
        proxy.drop()
        assert ask(client, b"during") == b""
    wait_until(lambda: echo.gone == 1)
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.pass_on()
    with connect(proxy) as client:
        assert ask(client, b"after") == b"after"
    assert echo.heard == b"beforeafter"
    assert (proxy.counts.dropped, proxy.counts.connections) == (1, 2)


def test_a_black_hole_accepts_and_is_silent_and_its_victims_do_not_come_back(
    echo: Echo, proxy: Proxy
) -> None:
    with connect(proxy, timeout_s=SOON_S) as client:
        assert ask(client, b"before") == b"before"
        proxy.black_hole()
        with pytest.raises(TimeoutError):
            ask(client, b"lost")
        with connect(proxy, timeout_s=SOON_S) as new, pytest.raises(TimeoutError):
            ask(new, b"lost too")
        proxy.pass_on()
        assert read(client, 1) == b""
    with connect(proxy) as client:
        assert ask(client, b"after") == b"after"
    assert echo.heard == b"beforeafter"
    assert proxy.counts.swallowed == 2


def test_a_cut_comes_after_the_server_ran_the_request(echo: Echo, proxy: Proxy) -> None:
    proxy.cut_after(b"COMMIT", times=2)
    for _ in range(2):
        with connect(proxy) as client:
            assert ask(client, b"INSERT") == b"INSERT"
            assert ask(client, b"xx COMMIT xx") == b""
    with connect(proxy) as client:
        assert ask(client, b"COMMIT") == b"COMMIT"
    assert echo.heard.count(b"COMMIT") == 3
    assert proxy.counts.cut == 2


def test_what_is_looked_for_is_found_across_pieces(echo: Echo, proxy: Proxy) -> None:
    proxy.cut_after(b"COMMIT")
    with connect(proxy) as client:
        assert ask(client, b"a COM") == b"a COM"  # each answer proves that the piece went alone
        assert ask(client, b"M") == b"M"
        assert ask(client, b"IT") == b""
    assert echo.heard == b"a COMMIT"
    assert proxy.counts.cut == 1


def test_a_function_may_say_what_to_cut(proxy: Proxy) -> None:
    proxy.cut_after(lambda piece: piece.startswith(b"*") and b"MGET" in piece)
    with connect(proxy) as client:
        assert ask(client, b"MGET") == b"MGET"
        assert ask(client, b"*2 MGET") == b""
    assert proxy.counts.cut == 1


def test_an_absent_server_is_a_closed_connection(echo: Echo, proxy: Proxy) -> None:
    echo.close()
    with connect(proxy) as client, suppress(ConnectionError):  # or the end is seen this way
        assert ask(client, b"hello") == b""


def test_leaving_ends_every_connection_and_thread(echo: Echo) -> None:
    before = threading.active_count()
    with Proxy("127.0.0.1", echo.port) as proxy:
        client = connect(proxy)
        assert ask(client, b"hello") == b"hello"
        proxy.delay(60.0)
        client.sendall(b"held")
        wait_until(lambda: proxy.counts.delayed == 1)
    with client:
        assert read(client, 1) == b""
    wait_until(lambda: echo.gone == 1)
    assert [each for each in threading.enumerate() if each.name == "proxy"] == []
    wait_until(lambda: threading.active_count() <= before)

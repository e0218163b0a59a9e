"""SMTP servers that say exactly what a test wants, line by line."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress

GREETING = b"220 ready\r\n"
EHLO = b"250-here\r\n250 SIZE 1000000\r\n"
OK = b"250 ok\r\n"
GO_ON = b"354 go on\r\n"

Answers = Sequence[bytes | None]


@contextmanager
def scripted_server(
    *answers: bytes | None, only_once: bool = False
) -> Iterator[tuple[int, list[bytes]]]:
    """A server on one port that gives each connection these answers, then hangs up.

    None takes one line and hangs up at once; `only_once` refuses all connections but the first.
    Yields the port and what was said to it.
    """
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if only_once:
                listener.close()
            _converse(connection, answers, heard)

    with _listening(serve) as port:
        yield port, heard


@contextmanager
def slow_last_word(last_word: bytes, *, after_s: float) -> Iterator[int]:
    """A server that takes a mail and says its last word late; yields its port."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            for answer in (GREETING, EHLO, OK, OK):
                connection.sendall(answer)
                lines.readline()
            connection.sendall(GO_ON)
            while lines.readline() not in {b".\r\n", b""}:
                pass
            threading.Event().wait(after_s)
            connection.sendall(last_word)

    with _listening(serve) as port:
        yield port


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(10)
        port = listener.getsockname()[1]
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield port
        finally:
            with suppress(OSError):  # closed before
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _converse(connection: socket.socket, answers: Answers, heard: list[bytes]) -> None:
    with connection, connection.makefile("rb") as lines:
        for number, answer in enumerate(answers):
            if number:
                heard.append(lines.readline())
            if answer is None:
                return
            connection.sendall(answer)
        heard.extend(lines)

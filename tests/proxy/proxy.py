"""Proxy: listens on a port of its own and carries every connection to one upstream."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

from local.ports import lease_port
from tests.proxy.connection import Connection, reset
from tests.proxy.treatment import Counts, Direction, Kind, Matches, Mode, Treatment

CONNECT_WITHIN_S = 5.0
JOIN_WITHIN_S = 5.0


class Proxy:
    """A context manager on a free port of 127.0.0.1.

    The modes may be switched from any thread while it runs; each holds for what is open, too.
    """

    def __init__(self, upstream_host: str, upstream_port: int) -> None:
        self._upstream = (upstream_host, upstream_port)
        self._lease = lease_port()
        self._listener: socket.socket | None = None
        self._open: set[Connection] = set()
        self._threads: list[threading.Thread] = []
        self._treatment = Treatment()
        self._lock = threading.RLock()

    @property
    def port(self) -> int:
        """Where clients connect; the same for as long as the proxy lives."""
        return self._lease.port

    @property
    def counts(self) -> Counts:
        """What it did so far; the same object, counting on."""
        return self._treatment.counts

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hang_up()
        for connection in self._connections():
            connection.abort()
        for thread in list(self._threads):
            thread.join(JOIN_WITHIN_S)
        self._lease.release()

    def pass_on(self) -> None:
        """Carry everything unchanged again; what has lost bytes in a black hole is reset."""
        self._switch(Mode())

    def delay(
        self, seconds: float, direction: Literal["to_server", "to_client", "both"] = "both"
    ) -> None:
        """Hold each piece for so long before it goes on; nothing is lost or reordered."""
        directions: tuple[Direction, ...] = (
            ("to_server", "to_client") if direction == "both" else (direction,)
        )
        self._switch(Mode(kind=Kind.DELAY, delay_s=seconds, directions=directions))

    def drop(self) -> None:
        """Reset what is open and refuse what is new, as a service that is gone does."""
        self._treatment.switch(Mode(kind=Kind.DROP))
        self._hang_up()
        for connection in self._connections():
            self._treatment.count("dropped")
            connection.abort()

    def black_hole(self) -> None:
        """Accept, and swallow every byte in silence, as a network that loses packets does."""
        self._switch(Mode(kind=Kind.BLACK_HOLE))

    def cut_after(self, matches: Matches, *, times: int = 1) -> None:
        """Forward a request that matches, let the server run it, cut before the client hears.

        The connection is reset when the first bytes of the server's reply are here: so it ran.
        Meant for clients that wait for each reply. Bytes are found across the pieces of a stream,
        a function is called with each piece. After `times` cuts everything passes.
        """
        self._switch(Mode(kind=Kind.CUT_AFTER, matches=matches), cuts=times)

    def _switch(self, mode: Mode, *, cuts: int = 0) -> None:
        self._treatment.switch(mode, cuts=cuts)
        self._listen()
        if not self._treatment.swallows():
            for connection in self._connections():
                if connection.is_damaged:
                    connection.abort()

    def _listen(self) -> None:
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
                self._start(self._accept, self._listener)

    def _hang_up(self) -> None:
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._treatment.count("connections")
            self._start(self._carry, client, listener)

    def _carry(self, client: socket.socket, listener: socket.socket) -> None:
        try:
            server = socket.create_connection(self._upstream, timeout=CONNECT_WITHIN_S)
        except OSError:
            reset(client)
            client.close()
            return
        server.settimeout(None)
        connection = Connection(self._treatment, client=client, server=server, on_end=self._forget)
        with self._lock:
            self._open.add(connection)
            is_late = self._listener is not listener  # dropped or closed while we connected
        if is_late:
            connection.abort()
        self._start(connection.carry_requests)
        connection.carry_replies()

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._open.discard(connection)

    def _connections(self) -> list[Connection]:
        with self._lock:
            return list(self._open)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="proxy", daemon=True)
        with self._lock:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()

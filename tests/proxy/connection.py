"""Connection: one client and its server, carried piece by piece."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

from tests.proxy.treatment import Direction, Treatment

PIECE = 65_536
_TORN_DOWN = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset and waits for nothing


class Connection:
    """Two pumps, each in a thread; an orderly end of one side is passed on to the other."""

    def __init__(
        self,
        treatment: Treatment,
        *,
        client: socket.socket,
        server: socket.socket,
        on_end: Callable[["Connection"], None],
    ) -> None:
        self._treatment = treatment
        self._client = client
        self._server = server
        self._on_end = on_end
        self._aborted = threading.Event()
        self._pumps_left = 2
        self._lock = threading.Lock()
        self._awaits_cut = False
        self.is_damaged = False  # bytes are missing: what follows them makes no sense

    def carry_requests(self) -> None:
        """Carry from the client to the server until the end."""
        self._pump(self._client, self._server, "to_server")

    def carry_replies(self) -> None:
        """Carry from the server to the client until the end."""
        self._pump(self._server, self._client, "to_client")

    def abort(self) -> None:
        """Reset both sides; what is on its way is lost."""
        self._aborted.set()
        for each in (self._client, self._server):
            reset(each)

    def _pump(self, source: socket.socket, target: socket.socket, direction: Direction) -> None:
        kept = b""
        try:
            while piece := source.recv(PIECE):
                if direction == "to_server":
                    seen = kept + piece
                    self._awaits_cut = self._awaits_cut or self._treatment.takes_cut(seen)
                    kept = self._treatment.kept(seen)
                elif self._awaits_cut:
                    self._treatment.count("cut")
                    self.abort()
                    break
                self._pass(piece, target, direction)
            else:
                target.shutdown(socket.SHUT_WR)
        except OSError:
            self.abort()
        finally:
            self._one_pump_less()

    def _pass(self, piece: bytes, target: socket.socket, direction: Direction) -> None:
        if self._treatment.swallows():
            self.is_damaged = True
            self._treatment.count("swallowed")
            return
        if delay_s := self._treatment.delay_s(direction):
            self._treatment.count("delayed")
            if self._aborted.wait(delay_s):
                raise ConnectionAbortedError
        target.sendall(piece)

    def _one_pump_less(self) -> None:
        with self._lock:
            self._pumps_left -= 1
            if self._pumps_left:
                return
        self._client.close()
        self._server.close()
        self._on_end(self)


def reset(connection: socket.socket) -> None:
    """Tear a socket down; a thread that reads from it wakes up."""
    with suppress(OSError):  # closed before
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _TORN_DOWN)
        connection.shutdown(socket.SHUT_RDWR)

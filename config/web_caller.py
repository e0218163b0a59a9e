"""A caller's connection: a request has to arrive in time, and no caller is waited for without end.

Left alone, a thread of gunicorn waits for ever for the rest of a request, or until its caller has
taken the answer.
"""

import errno
import math
import select
import socket
import struct
import time
from typing import Any, Self

from config.web_arrival import needed_bytes
from config.web_bounds import web_bounds

# Head and body of a request come in several pieces, one right after the other.
MOMENT_MS = 10
LOOKS = 3
# The request, head and body, gains a second with so many bytes.
LEAST_BYTES_A_SECOND = 64_000
# A caller that takes nothing of its answer for so long is cut off.
TAKES_WITHIN_S = 10
# After the answer: a caller that hangs up by itself has everything.
HANGS_UP_WITHIN_S = 1.0
DRAINED_BYTES = 65_536


class Caller(socket.socket):
    """A connected socket whose `recv` keeps to the deadline of the request that is arriving."""

    deadline = math.inf  # of the request that is arriving; none begins before `expect_request()`
    _needed = 1
    _has_read_late = False
    _is_left = False

    @classmethod
    def of(cls, connected: socket.socket) -> Self:
        """Take over a connected socket."""
        caller = cls(fileno=connected.detach())
        bound = struct.pack("ll", TAKES_WITHIN_S, 0)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, bound)
        return caller

    def expect_request(self) -> None:
        """Begin to wait for a request, unless one is arriving already."""
        if self.deadline == math.inf:
            self.deadline = time.monotonic() + web_bounds().request_s

    def end_request(self) -> None:
        """It is answered; the next one has a time of its own."""
        self.deadline = math.inf
        self._has_read_late = False

    def has_arrived(self) -> bool:
        """Whether a thread can go on: the request is there, or late, or broken off.

        If not, the socket can be read from when that may have changed, and not before.
        """
        needed = needed_bytes(self)
        for _ in range(LOOKS):
            if not needed or time.monotonic() >= self.deadline:
                needed = 0
                break
            self._wait_for(needed)
            if not self._is_readable_soon():
                return False
            before, needed = needed, needed_bytes(self)
            if needed == before:  # it can be read from, and no more is there: it broke off
                needed = 0
        self._wait_for(needed or 1)
        return not needed

    def take_what_comes(self) -> None:
        """From now on any byte is worth to be read."""
        self._wait_for(1)

    def _wait_for(self, needed: int) -> None:
        if needed != self._needed:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, needed)
            self._needed = needed

    def _is_readable_soon(self) -> bool:
        poller = select.poll()
        poller.register(self, select.POLLIN)
        return bool(poller.poll(MOMENT_MS))

    def recv(self, *size_and_flags: int) -> bytes:
        """Receive; raises TimeoutError when the request is not there in time."""
        if self.deadline == math.inf:
            return super().recv(*size_and_flags)
        left_s = self.deadline - time.monotonic()
        if left_s <= 0:
            return self._rest(*size_and_flags)
        before = self.gettimeout()
        self.settimeout(left_s if before is None else min(before, left_s))
        try:
            data = super().recv(*size_and_flags)
        except TimeoutError as error:
            raise _too_slow() from error
        finally:
            self.settimeout(before)
        self.deadline += len(data) / LEAST_BYTES_A_SECOND
        return data

    def _rest(self, size: int = DRAINED_BYTES, flags: int = 0) -> bytes:
        # What lies here is read all the same, once: a head, so that its caller can be told.
        if self._has_read_late:
            raise _too_slow()
        self._has_read_late = True
        try:
            return super().recv(size, flags | socket.MSG_DONTWAIT)
        except BlockingIOError as error:
            raise _too_slow() from error

    def leave(self) -> None:
        """Say that nothing more comes, and let the caller hang up first, as RFC 9112 9.6 asks.

        Closing it afterwards waits for nothing: gunicorn does that in the one thread that accepts
        connections and would stand there for two seconds for each caller that stays.
        """
        try:
            self.shutdown(socket.SHUT_WR)
            self.deadline = time.monotonic() + HANGS_UP_WITHIN_S
            left = DRAINED_BYTES
            while left > 0 and (data := self.recv(4_096)):
                left -= len(data)
        except OSError:
            pass  # it hung up, or has had its time
        self._is_left = True

    def shutdown(self, how: int) -> None:
        """Shut down; refused once the caller was left."""
        if self._is_left:
            raise OSError(errno.ENOTCONN, "left before")
        super().shutdown(how)


def _too_slow() -> TimeoutError:
    # By its number gunicorn takes it for a caller that went away, and says nothing.
    return TimeoutError(errno.ECONNRESET, "the request did not arrive in time")


def caller_of(connection: Any) -> Caller:
    """Return the caller of one of gunicorn's connections, taken over at the first time."""
    if not isinstance(connection.sock, Caller):
        connection.sock = Caller.of(connection.sock)
    caller: Caller = connection.sock
    return caller

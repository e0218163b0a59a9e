"""The load: POSTs over kept connections from a process of its own, one request each at a time.

`python -m benchmarks.load PORT PATH --connections 16 --batch 100 --seconds 5` prints one line of
JSON. Plain sockets, one selector, bodies made beforehand: what the client costs stands beside what
it measured.
"""

import argparse
import json
import os
import selectors
import socket
import statistics
import time
from dataclasses import asdict, dataclass
from itertools import cycle

VALUE_BYTES = 400
BODIES = 64  # made beforehand, sent in turns
_END = b"\r\n\r\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What a run of the load saw; times in seconds."""

    per_second: float  # requests
    p50_s: float
    p99_s: float
    client_cpu_s: float  # a request


class _Caller:
    """One connection with one request under way."""

    def __init__(self, port: int, *, path: str, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + (f"Authorization: Token {token}\r\n" if token else "")
        ).encode()
        self._answer = b""
        self._sent_at = 0.0

    def ask(self, body: bytes) -> None:
        """Send the next request."""
        self._answer = b""
        self._sent_at = time.perf_counter()
        self.socket.sendall(self._head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def read(self) -> float | None:
        """Read what is there; the seconds the request took once its answer is whole.

        Raises RuntimeError for an answer that is no success.
        """
        piece = self.socket.recv(65_536)
        if not piece:
            raise RuntimeError("the server closed the connection")
        self._answer += piece
        head, found, rest = self._answer.partition(_END)
        if not found or len(rest) < _length(head):
            return None
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(self._answer[:500].decode("utf-8", "replace"))
        return time.perf_counter() - self._sent_at


def bodies(batch: int) -> list[bytes]:
    """Return bodies with one event each, or arrays of `batch` events."""
    if batch == 1:
        return [_event(number) for number in range(BODIES)]
    return [
        b"[" + b",".join(_event(number * batch + each) for each in range(batch)) + b"]"
        for number in range(BODIES)
    ]


def _event(number: int) -> bytes:
    padding = "x" * (VALUE_BYTES - 20)
    return b'{"type":"bench.requested","key":"key-%d","data":{"n":"%d","pad":"%s"}}' % (
        number % 1000,
        number,
        padding.encode(),
    )


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise RuntimeError("the answer does not say how long it is")


def run(port: int, *, path: str, token: str, connections: int, batch: int, seconds: float) -> Load:
    """Ask as fast as the answers come, for so long."""
    selector = selectors.DefaultSelector()
    callers = [_Caller(port, path=path, token=token) for _ in range(connections)]
    ready = cycle(bodies(batch))
    took: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    for caller in callers:
        selector.register(caller.socket, selectors.EVENT_READ, caller)
        caller.ask(next(ready))
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(1.0):
            answered = key.data.read()
            if answered is not None:
                took.append(answered)
                key.data.ask(next(ready))
    lasted = time.perf_counter() - began
    cuts = statistics.quantiles(took, n=100)
    return Load(
        per_second=len(took) / lasted,
        p50_s=cuts[49],
        p99_s=cuts[98],
        client_cpu_s=(time.process_time() - cpu) / len(took),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    token = os.environ.get("BENCH_TOKEN", "")
    load = run(
        asked.port,
        path=asked.path,
        token=token,
        connections=asked.connections,
        batch=asked.batch,
        seconds=asked.seconds,
    )
    print(json.dumps(asdict(load)))  # noqa: T201 - what the program is for

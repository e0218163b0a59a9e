"""Leases free ports, so that two stacks on one machine never get the same one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

# Below the range from which the kernel takes ports for outgoing connections: a service which is
# down for a while must find its port free when it comes back.
_FIRST, _LAST = 15000, 32000


class PortLease:
    """One port of 127.0.0.1, ours until `release()` or the end of this process."""

    def __init__(self, port: int, *, descriptor: int) -> None:
        self.port = port
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the port back; may be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lease_port(wanted: int | None = None) -> PortLease:
    """Lease a free port, `wanted` if it can be had. Raises OSError when none is free."""
    candidates = random.SystemRandom().sample(range(_FIRST, _LAST), 2000)
    if wanted is not None:
        candidates.insert(0, wanted)
    for port in candidates:
        lease = _try(port)
        if lease is not None:
            return lease
    raise OSError(f"no free port between {_FIRST} and {_LAST}")


def _try(port: int) -> PortLease | None:
    descriptor = os.open(_directory() / str(port), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if _bindable(port):
        return PortLease(port, descriptor=descriptor)
    os.close(descriptor)
    return None


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a connection in TIME_WAIT is no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return True
    return False


def _directory() -> Path:
    directory = Path(tempfile.gettempdir()) / f"waybill-ports-{os.getuid()}"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory

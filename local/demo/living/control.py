"""Control: how another shell tells the running demo what to do, over a Unix socket."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError

_REQUEST_BYTES = 1024
_REQUEST_WITHIN_S = 5.0
_ANSWER_WITHIN_S = 60.0

Answer = Callable[[str, str], str]  # what to do, to whom; raises LocalError


class Refused(LocalError):
    """The demo does not do that, or no demo runs. The message says why."""


class Control:
    """Answers requests in threads of their own while it is open. Only the owner gets in."""

    def __init__(self, path: Path, answer: Answer) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        path.unlink(missing_ok=True)  # a killed demo's; of two at once only one gets here
        self._path = path
        with _short(path) as address:
            self._server = _Server(address, _Handler)
        self._server.answer = answer
        thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        thread.start()

    def close(self) -> None:
        """Answer no more."""
        self._path.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


def ask(path: Path, do: str, name: str = "") -> str:
    """Have the demo do something; returns what it says then. Raises Refused."""
    request = json.dumps({"do": do, "name": name}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as client, _short(path) as address:
            client.settimeout(_ANSWER_WITHIN_S)
            client.connect(address)
            client.sendall(request)
            with client.makefile("rb") as stream:
                answer = json.loads(stream.readline())
    except TimeoutError as error:
        raise Refused(f"the demo did not answer within {_ANSWER_WITHIN_S:g} s") from error
    except (OSError, ValueError) as error:
        raise Refused("no demo runs here; `make demo` starts one") from error
    if "refused" in answer:
        raise Refused(answer["refused"])
    return str(answer["done"])


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False  # Ctrl-C waits for nobody who asks
    answer: Answer

    def handle_error(self, *_: object) -> None:
        """The asker went away: nobody to tell, least of all on the demo's terminal."""


class _Handler(socketserver.StreamRequestHandler):
    timeout = _REQUEST_WITHIN_S
    server: _Server

    def handle(self) -> None:
        try:
            request = json.loads(self.rfile.readline(_REQUEST_BYTES))
            answer = {"done": self.server.answer(str(request["do"]), str(request["name"]))}
        except (ValueError, TypeError, KeyError):
            answer = {"refused": "that is no request"}
        except (LocalError, OSError) as error:
            answer = {"refused": str(error)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


@contextmanager
def _short(path: Path) -> Iterator[str]:
    # An address has room for 107 bytes only: the way through the open directory is short.
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        through = Path(f"/proc/self/fd/{descriptor}")
        yield str(through / path.name if through.exists() else path)
    finally:
        os.close(descriptor)

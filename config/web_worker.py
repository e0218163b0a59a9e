"""The web worker: gunicorn's threads, with bounded callers and an end that loses no request."""

import sys
import time
from typing import Any

from gunicorn.workers.gthread import _DEFER, ThreadWorker  # type: ignore[import-untyped]

from config.web_caller import caller_of


class WebWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """One process; its main thread accepts connections, its other threads serve them."""

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection on which a request begins to the next free thread."""
        caller_of(conn)
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request, in a thread, if it has arrived; truth keeps the connection open.

        Until then its connection waits with the idle ones, and holds no thread.
        """
        caller = caller_of(conn)
        caller.expect_request()
        if not self.alive or _has_read_ahead(conn):
            caller.take_what_comes()
        elif not caller.has_arrived():
            return _DEFER
        conn.data_ready = True
        keeps = super().handle(conn)
        caller.end_request()
        if not keeps:
            caller.leave()
        return keeps

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Take a connection back from its thread."""
        if not fs.exception() and fs.result() is _DEFER:
            if not self.alive:
                self.enqueue_req(conn)  # nobody waits any more: as far as it goes
                return
            super().finish_request(conn, fs)
            conn.timeout = caller_of(conn).deadline
        else:
            super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Give connections whose request is late to a thread, which tells their callers so."""
        while self.pending_conns and self.pending_conns[0].timeout <= time.monotonic():
            conn = self.pending_conns.popleft()
            self.poller.unregister(conn.sock)
            self.enqueue_req(conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections, or no more; when the worker stops, refuse them at once."""
        super().set_accept_enabled(enabled)
        if not self.alive and not enabled:
            self._refuse()

    def _refuse(self) -> None:
        # Left open until the last request is served, a listener would go on taking connections
        # that nobody serves. Those which are there already are served.
        for listener in self.sockets:
            self._take_the_last(listener)
            listener.close()
        accepting = sys.modules.get("events.api.publishing.accepting")
        if accepting is not None:
            accepting.close()  # what waits for Kafka is answered now

    def _take_the_last(self, listener: Any) -> None:
        before = -1
        while listener.fileno() >= 0 and self.nr_conns > before:
            before = self.nr_conns
            self.accept(listener)


def _has_read_ahead(conn: Any) -> bool:
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())

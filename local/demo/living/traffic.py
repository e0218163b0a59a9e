"""Traffic: a client of the API that orders something every two seconds, and never gives up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPException

from local.demo.client import Client
from local.demo.orders import Order

EVERY_S = 2.0
_REFUSED = range(400, 500)


class Traffic:
    """Sends orders from a thread of its own. One that got no answer, or was not accepted for
    reasons of the server's, is sent again under the same id, as a careful client does."""

    def __init__(self, client: Client, orders: Iterator[Order], *, every_s: float = EVERY_S):
        self.every_s = every_s
        self._client = client
        self._orders = orders
        self._order = next(orders)
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, args=(self._stop,), daemon=True)

    @property
    def trouble(self) -> str:
        """Why the last order was not accepted; empty when it was."""
        return self._trouble

    def start(self) -> None:
        """Begin to order."""
        self._thread.start()

    def stop(self) -> None:
        """Order nothing more; an answer that is awaited is not waited for."""
        self._stop.set()

    def run(self, stop: threading.Event) -> None:
        """Order until told to stop."""
        while not stop.wait(self.every_s):
            self.run_once()

    def run_once(self) -> None:
        """Send one order."""
        try:
            status = self._client.post("/api/v1/orders", body=self._order.body).status
        except (OSError, HTTPException):
            self._trouble = "the API is silent"
            return
        accepted = status in {200, 201}
        self._trouble = "" if accepted else f"the API says {status}"
        if accepted or status in _REFUSED:
            self._order = next(self._orders)

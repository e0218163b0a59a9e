"""Lanes: callers of the API, each with keys of its own and one request at a time."""

import json
import os
import threading
import time
from abc import ABC, abstractmethod
from argparse import Namespace
from http import HTTPStatus

from tests.crash.account import Account
from tests.crash.connection import Answer, Connection
from tests.crash.journal import Journal

EVENT_LANES, ORDER_LANES = 24, 2
AGAIN_S = 0.1
CATCH_UP_S = 2.0  # how much of a schedule missed in an outage is made up for
IDLE_S = 0.05
ACCEPTED = frozenset({int(HTTPStatus.ACCEPTED)})
TAKEN = frozenset({int(HTTPStatus.CREATED), int(HTTPStatus.OK)})
FOUND = frozenset({int(HTTPStatus.OK)})
CUSTOMER = {"name": "Ada Lövelace", "email": "ada@example.com"}


class Lane(ABC, threading.Thread):
    """One caller: one request at a time, by a schedule."""

    kind: str

    def __init__(
        self, number: int, *, options: Namespace, account: Account, journal: Journal
    ) -> None:
        super().__init__(name=f"{self.kind}-{number}", daemon=True)
        self.number = number
        self.options = options
        self.account = account
        self.journal = journal
        self.connection = Connection(options.port, token=os.environ["CRASH_TOKEN"])
        self.stop = threading.Event()

    @property
    @abstractmethod
    def every_s(self) -> float:
        """The time from one request to the next."""

    @abstractmethod
    def send(self, number: int) -> bool:
        """Have the lane's next thing accepted; False when the lane was stopped before."""

    def run(self) -> None:
        """Send by the schedule until stopped."""
        due, sent = time.monotonic() + self.every_s * self.number / 10, 0
        while not self.stop.wait(max(due - time.monotonic(), 0.0)):
            if self.options.pause_file.exists():
                due = time.monotonic() + IDLE_S
                continue
            self.account.began()
            self.account.ended(self.kind, is_accepted=self.send(sent))
            sent += 1
            due = max(due + self.every_s, time.monotonic() - CATCH_UP_S)

    def until(self, wanted: frozenset[int], path: str, body: bytes | None = None) -> Answer | None:
        """Ask until the answer is one of `wanted`; None when stopped or refused."""
        while True:
            answer = self.connection.ask(path, body)
            self.account.answered(answer)
            if isinstance(answer, Answer) and answer.status in wanted:
                return answer
            if isinstance(answer, Answer) and answer.is_final:
                self.account.refused(f"{path}: {answer.status} {answer.body[:200]!r}")
                return None
            if self.stop.wait(AGAIN_S):
                return None


class EventLane(Lane):
    """Publishes events of the lane's keys, one after the other."""

    kind = "event"

    @property
    def every_s(self) -> float:
        return EVENT_LANES / float(self.options.events_per_s)

    def send(self, number: int) -> bool:
        keys = range(self.number, self.options.keys, EVENT_LANES)
        value = json.dumps({"n": number, "note": "x" * (number % 400)}).encode()
        event = {
            "source": f"/crash/{self.number}",
            "id": f"{number:06}",
            "key": f"key-{keys[number % len(keys)]}",
        }
        head = json.dumps({**event, "type": "thing.happened"}).encode().removesuffix(b"}")
        path = f"/api/v1/topics/{self.options.topic}/events"
        body = head + b', "data": ' + value + b"}"
        if self.until(ACCEPTED, path, body) is None:
            return False
        self.journal.accepted(event, topic=self.options.topic, value=value)
        return True


class OrderLane(Lane):
    """Places orders; each fifth twice, as a caller does who is not sure."""

    kind = "order"

    @property
    def every_s(self) -> float:
        return ORDER_LANES / float(self.options.orders_per_s)

    def send(self, number: int) -> bool:
        order = {
            "order_id": f"{self.options.topic[-12:]}-{self.number}-{number}",
            "customer": CUSTOMER,
            "currency": "EUR",
            "lines": [{"description": "Tea 茶", "quantity": 2, "unit_price": "12.50"}],
        }
        body = json.dumps(order).encode()
        placed = self.until(TAKEN, "/api/v1/orders", body)
        if placed is None:
            return False
        if number % 5 == 0:
            self.until(TAKEN, "/api/v1/orders", body)
        waybill = self.until(FOUND, placed.json["links"]["waybill"])
        if waybill is not None:
            self.journal.accepted(waybill.json, topic=waybill.json["topic"], value=None)
        return True

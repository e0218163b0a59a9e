"""The demo's traffic: a careful client, against a server that is away, refuses, or answers."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any

import pytest

from local.demo.client import Client
from local.demo.living.traffic import Traffic
from local.demo.orders import endless_orders, order_by_hand


class Shop(BaseHTTPRequestHandler):
    answers: list[int]
    received: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(json.loads(body))
        self.send_response(self.answers.pop(0))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[ThreadingHTTPServer]:
    Shop.received = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_an_order_that_the_server_could_not_take_is_sent_again_under_its_id(
    shop: ThreadingHTTPServer,
) -> None:
    Shop.answers = [503, 201, 422, 200]
    traffic = Traffic(Client(port=shop.server_port), endless_orders("run"))

    troubles = []
    for _ in range(4):
        traffic.run_once()
        troubles.append(traffic.trouble)

    assert [order["order_id"] for order in Shop.received] == [
        "run-01",
        "run-01",
        "run-02",
        "run-03",
    ]
    assert troubles == ["the API says 503", "", "the API says 422", ""]


def test_a_server_that_is_away_is_told_and_nothing_is_skipped(shop: ThreadingHTTPServer) -> None:
    away = Client(port=1)
    traffic = Traffic(away, endless_orders("run"))
    traffic.run_once()
    assert traffic.trouble == "the API is silent"

    traffic._client = Client(port=shop.server_port)
    Shop.answers = [201]
    traffic.run_once()
    assert traffic.trouble == ""
    assert Shop.received[0]["order_id"] == "run-01"


def test_orders_never_end_and_never_share_an_id() -> None:
    orders = [*islice(endless_orders("run"), 150), order_by_hand("run")]

    assert len({order.order_id for order in orders}) == len({each.email for each in orders}) == 151
    assert max(len(order.order_id) for order in orders) <= 64

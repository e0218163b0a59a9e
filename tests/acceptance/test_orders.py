"""The main job, all the way: an order over HTTP, one mail with its invoice."""

from functools import partial
from http import HTTPStatus

import pytest

from tests.acceptance.api_client import ApiClient
from tests.acceptance.ordering import (
    GROUP,
    is_sent,
    order,
    order_of,
    ordering,
    pdf_of,
    place,
    received,
)
from tests.acceptance.system import System
from tests.checker.invariants import violations
from tests.waiting import wait_until

ORDERS = 5


@pytest.fixture
def api(system: System) -> ApiClient:
    """The API with everything behind it, from HTTP to SMTP."""
    client = ordering(system)
    system.consumer(group=GROUP).start()
    return client


def test_an_order_becomes_one_mail_however_often_it_is_sent(
    system: System, api: ApiClient
) -> None:
    for number in range(ORDERS):
        place(system, api, number)
        assert api.post("/api/v1/orders", order(number)).status == HTTPStatus.OK
    assert api.post("/api/v1/orders", order(0, price="13")).status == HTTPStatus.CONFLICT
    for number in range(ORDERS):
        wait_until(partial(is_sent, api, number), timeout_s=30)
    assert api.post("/api/v1/orders", order(0)).json["invoice"]["state"] == "sent"
    system.wait_until_recovered()

    mails = system.stack.smtp.mails()
    assert sorted(map(order_of, mails)) == [f"order-{number}" for number in range(ORDERS)]
    assert all(pdf_of(mail).startswith(b"%PDF-") for mail in mails)
    assert violations(system.history(mails=received(system))) == []

"""The journey of ten orders, watched from outside: sent over HTTP, received as mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from local.demo.client import Client
from local.demo.failure import DemoFailed
from local.demo.mailbox import Mailbox
from local.demo.orders import TIMES_TWO, Order
from local.demo.screen import Screen
from local.demo.settled import Settled
from local.demo.waiting import wait_until
from local.logfile import LogFile

_CREATED, _KNOWN = 201, 200
_SENT_WITHIN_S = 60.0
_SETTLED_WITHIN_S = 30.0


@dataclass(kw_only=True)
class Journey:
    """Steps to be made in the order in which they stand here.

    `mailbox` is None where the mail server is somebody else's: then the API's word is taken.
    Each raises DemoFailed; OSError and HTTPException when the API does not answer.
    """

    orders: Sequence[Order]
    client: Client
    mailbox: Mailbox | None
    settled: Settled
    consumer_log: LogFile
    relay_log: LogFile
    screen: Screen
    statuses: dict[str, list[int]] = field(default_factory=dict)
    sent_at: dict[str, datetime] = field(default_factory=dict)

    def send(self) -> None:
        """POST every order, some of them twice."""
        total = len(self.orders) + len(TIMES_TWO)
        for index, order in enumerate(self.orders):
            self.sent_at[order.order_id] = datetime.now(UTC)
            self._post(order, expected=_CREATED)
            if index in TIMES_TWO:
                self._post(order, expected=_KNOWN)
            self.screen.count(f"{sum(map(len, self.statuses.values()))} of {total} requests")

    def wait_for_mails(self) -> None:
        """Return when every order's invoice was sent."""

        def all_sent() -> bool:
            number = self._number_sent()
            self.screen.count(f"{number} of {len(self.orders)} mails")
            return number >= len(self.orders)

        if not wait_until(all_sent, timeout_s=_SENT_WITHIN_S, every_s=0.1):
            number, total = self._number_sent(), len(self.orders)
            what = f"only {number} of {total} mails came in {_SENT_WITHIN_S:g} s"
            is_on_kafka = self.settled.backlog() == 0
            raise DemoFailed(what, log=self.consumer_log if is_on_kafka else self.relay_log)

    def wait_until_settled(self) -> None:
        """Return when nothing is left anywhere that could become another mail."""
        if not wait_until(lambda: self.settled.backlog() == 0, timeout_s=_SETTLED_WITHIN_S):
            raise DemoFailed("the outbox does not get empty", log=self.relay_log)
        if not wait_until(lambda: self.settled.lag() == 0, timeout_s=_SETTLED_WITHIN_S):
            raise DemoFailed("the consumer does not get to the end", log=self.consumer_log)

    def check_mails(self) -> None:
        """Count and open the mails: one for each order, with its invoice."""
        faults = self.mailbox.faults() if self.mailbox else self._not_sent()
        if faults:
            raise DemoFailed("; ".join(faults), log=self.consumer_log)

    def rows(self) -> list[list[str]]:
        """A line for each order: id, customer, answers, how fast its mail was there."""
        arrived = self.mailbox.arrived() if self.mailbox else {}
        return [
            [
                order.order_id,
                order.customer,
                ", ".join(map(str, self.statuses[order.order_id])),
                *(
                    _after(mail.received_at, since=self.sent_at[order.order_id])
                    for mail in arrived.get(order.order_id, ())
                ),
            ]
            for order in self.orders
        ]

    def _post(self, order: Order, *, expected: int) -> None:
        answer = self.client.post("/api/v1/orders", body=order.body)
        if answer.status != expected:
            told = answer.body.get("detail") or answer.body.get("title") or "no reason"
            raise DemoFailed(f"the API answered {answer.status} to order {order.order_id}: {told}")
        self.statuses.setdefault(order.order_id, []).append(answer.status)

    def _number_sent(self) -> int:
        if self.mailbox:
            return self.mailbox.count()
        return len(self.orders) - len(self._not_sent())

    def _not_sent(self) -> list[str]:
        return [
            f"the invoice of order {order.order_id} is {state}"
            for order in self.orders
            if (state := self._state_of(order)) != "sent"
        ]

    def _state_of(self, order: Order) -> str:
        answer = self.client.get(f"/api/v1/orders/{order.order_id}")
        return str(answer.body.get("invoice", {}).get("state", f"not told ({answer.status})"))


def _after(received_at: datetime, *, since: datetime) -> str:
    return f"{(received_at - since).total_seconds() * 1000:.0f} ms"

"""The demo from its first word to its last: set up, let the orders travel, judge, tidy up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg

from local.demo.failure import UNREACHABLE
from local.demo.interrupts import Interrupted, Interrupts
from local.demo.journey import Journey
from local.demo.living.stay import stay
from local.demo.mailbox import Mailbox
from local.demo.orders import TIMES_TWO, Order, new_orders
from local.demo.processes import GROUP, TOPIC
from local.demo.screen import Screen
from local.demo.settled import Settled
from local.demo.stage import Stage
from local.demo.state import DIRECTORY, State
from local.errors import LocalError


class Demo:
    """One run, in the main thread."""

    def __init__(self, *, directory: Path = DIRECTORY, once: bool, screen: Screen) -> None:
        self._once = once
        self._screen = screen
        self._stage = Stage(state=State(directory=directory.resolve()), screen=screen)
        self._is_good = False

    def run(self) -> int:
        """Play it; returns the exit code: 0 when every order's mail came exactly once.

        The first SIGINT or SIGTERM ends it in order, a second one at once.
        """
        code = 1
        with Interrupts() as interrupts:
            try:
                self._play()
                code = 0
            except Interrupted as interrupted:
                self._screen.line("\nAsked to end; the same again ends it at once.")
                code = 0 if self._is_good else interrupted.exit_code
            except (LocalError, psycopg.Error, *UNREACHABLE) as error:
                self._screen.line(f"Failed: {error}", style="bold red")
            finally:
                interrupts.winding_down = True
                code = self._end(code)
        return code

    def _play(self) -> None:
        self._screen.line(
            "Waybill: ten orders travel from HTTP to the customers' mailboxes.", style="bold"
        )
        self._stage.start_services()
        self._stage.prepare()
        self._stage.start_processes()
        orders = new_orders()
        with self._settled(orders) as settled:
            journey = self._journey(orders, settled)
            self._travel(journey)
        self._judge(journey)
        self._is_good = True
        if not self._once:
            stay(self._stage, screen=self._screen)

    def _settled(self, orders: Sequence[Order]) -> Settled:
        return Settled(
            environment=self._stage.environment,
            topic=TOPIC,
            group=GROUP,
            keys=[order.order_id for order in orders],
        )

    def _journey(self, orders: Sequence[Order], settled: Settled) -> Journey:
        stage = self._stage
        try:
            mailbox = Mailbox(stage.stack.smtp, orders=orders)
        except LookupError:
            mailbox = None  # a mail server of somebody else
        return Journey(
            orders=orders,
            client=stage.client(),
            mailbox=mailbox,
            settled=settled,
            consumer_log=stage.consumer.log,
            relay_log=stage.relay.log,
            screen=self._screen,
        )

    def _travel(self, journey: Journey) -> None:
        with self._screen.step("Sending ten orders over HTTP, three of them twice"):
            journey.send()
        with self._screen.step("Waiting until every customer has a mail"):
            journey.wait_for_mails()
        with self._screen.step("Making sure that no further mail is on its way"):
            journey.wait_until_settled()
        with self._screen.step("Opening the mails and their PDFs"):
            journey.check_mails()

    def _judge(self, journey: Journey) -> None:
        screen, orders = self._screen, journey.orders
        screen.line()
        screen.table(["Order", "Customer", "Answers", "Mail after"], journey.rows())
        screen.line()
        waybill = self._stage.waybill(orders[TIMES_TWO[0]].order_id)
        screen.line("The waybill of an order that was sent twice:")
        screen.line()
        screen.line(waybill)
        number, requests = len(orders), len(orders) + len(TIMES_TWO)
        judged = "mails, each with its PDF" if journey.mailbox else "invoices sent"
        verdict = f"Good: {requests} requests, {number} orders, {number} {judged}, none twice."
        screen.line(verdict, style="bold green")

    def _end(self, code: int) -> int:
        try:
            self._stage.stop()
        except LocalError as error:
            self._screen.line(f"Failed to stop: {error}", style="bold red")
            return 1
        self._screen.line("Everything is stopped.")
        return code

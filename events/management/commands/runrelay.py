"""Run a relay: from the outbox to Kafka."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.conf import waybill
from events.observing.collector import collect_rarely
from events.publishing.buckets import BUCKETS
from events.publishing.relay import Relay, Remainder
from events.stopping import stop_on_signals


class Command(BaseCommand):
    requires_system_checks = ["waybill"]  # the others would load every page of the web process
    help = (
        "Moves events from the outbox to Kafka. Any number of relays may run. PostgreSQL or Kafka "
        "being away is waited for. SIGTERM or Ctrl-C ends it in order, a second one at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once",
            action="store_true",
            help="deliver what is pending, then exit: 0 if all is delivered, 1 if not",
        )

    def handle(self, *args: Any, once: bool, **options: Any) -> None:
        settings = waybill()
        collect_rarely()
        relay = Relay(settings=settings)
        with stop_on_signals() as stop:
            try:
                if once:
                    patience_s = settings.relay_max_backoff_s
                    self._report(relay.drain(stop, patience_s=patience_s))
                else:
                    relay.run(stop)
            finally:
                relay.close(budget_s=settings.stop_budget_s)

    def _report(self, remainder: Remainder | None) -> None:
        if remainder is None:
            raise CommandError("stopped before everything was delivered; the rest is kept")
        if remainder.parked or remainder.undelivered:
            reason = f" ({remainder.reason})" if remainder.reason else ""
            raise CommandError(
                f"{remainder.undelivered} events could not be delivered yet{reason}, "
                f"{remainder.parked} can never be and are parked"
            )
        self.stdout.write("Everything is delivered.")
        if remainder.buckets < BUCKETS:
            others = BUCKETS - remainder.buckets
            self.stdout.write(
                f"Other relays hold {others} of {BUCKETS} buckets and deliver those."
            )

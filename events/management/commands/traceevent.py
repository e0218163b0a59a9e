"""Print an event's waybill: `manage.py traceevent 1042`."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.auditing.tracing import Traced, trace
from events.auditing.waybill_record import traced_record
from events.auditing.waybill_text import traced_text
from events.json_text import to_json


class Command(BaseCommand):
    help = (
        "Print what happened to an event, found by whatever names it. "
        "Exit code 1: nothing is called so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name",
            help=(
                "event id, key (an order id, say), subject, dedupe key, topic:partition:offset, "
                "or the id of a dead letter or a replay"
            ),
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help="for machines: the record of GET /api/v1/events/ID, or else the `matches`",
        )

    def handle(self, *_args: object, **options: Any) -> None:
        traced = trace(options["name"])
        if not traced.found.matches:
            raise CommandError(
                f"nothing is called {traced.found.text!r}: give an event id, key, subject, dedupe "
                "key or topic:partition:offset. Names are compared exactly, and what publishes "
                "an event has to have committed"
            )
        told = _as_json(traced) if options["json"] else traced_text(traced)
        self.stdout.write(told, ending="")


def _as_json(traced: Traced) -> str:
    """Write all that is not plain ASCII as escapes, so that it cannot command a terminal."""
    return json.dumps(json.loads(to_json(traced_record(traced))), indent=2) + "\n"

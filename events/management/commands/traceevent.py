"""Print an event's waybill: `manage.py traceevent 1042`."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.auditing.finding import Found, find
from events.auditing.waybill import waybill
from events.auditing.waybill_text import as_text


class Command(BaseCommand):
    help = "Print what happened to an event, found by whatever names it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name",
            help="event id, key (an order id, say), subject, dedupe key or topic:partition:offset",
        )

    def handle(self, *_args: object, **options: Any) -> None:
        found = find(options["name"])
        if not found.matches:
            raise CommandError(
                f"nothing is called {found.text!r}: give an event id, key, subject, dedupe key "
                "or topic:partition:offset"
            )
        if found.only is None or found.only.type != "event":
            self.stdout.write(_listed(found))
            return
        self.stdout.write(as_text(waybill(UUID(found.only.id))), ending="")


def _listed(found: Found) -> str:
    lines = [
        f"{match.at:%Y-%m-%d %H:%M:%S}  {match.type:<11}  {match.id}  {match.title}  ({match.by})"
        for match in found.matches
    ]
    more = ["… and more"] if found.is_cut else []
    head = "Several are called so; trace one by its id:"
    if found.only:
        head = "Not published here, so there is no waybill; this is known:"
    return "\n".join([head, *lines, *more])

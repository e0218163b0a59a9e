"""Hand parked entries back to the relay: `manage.py unpark 4711 --reason "limit raised"`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.management.operator_options import add_operator_options, operator_of
from events.models import OutboxEntry
from events.operating.unparking import Unparking


class Command(BaseCommand):
    help = (
        "Hands outbox entries that could never be written back to the relay, once the cause is "
        "mended. What waited behind them in their keys follows, in order."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="*", help="outbox sequence, or event id")
        parser.add_argument("--topic", default="", help="all parked entries of this topic")
        parser.add_argument("--all", action="store_true", help="all parked entries")
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        unparking = _unparking(options["name"], topic=options["topic"], all_of_them=options["all"])
        if options["dry_run"]:
            result, verb = unparking.preview(), "would be unparked"
        else:
            result, verb = unparking.carry_out(by=operator_of(options)), "unparked"
        for entry in result.entries:
            self.stdout.write(f"  {_line(entry)}")
        for left in result.left:
            self.stderr.write(f"  left: {left}")
        self.stdout.write(f"{len(result.entries)} {verb}.")
        if result.left:
            raise CommandError(f"{len(result.left)} left as they are")


def _unparking(names: list[str], *, topic: str, all_of_them: bool) -> Unparking:
    if (bool(names), bool(topic), all_of_them).count(True) != 1:
        raise CommandError("give outbox sequences and event ids, or --topic, or --all")
    sequences = [int(name) for name in names if name.isdecimal()]
    try:
        event_ids = [UUID(name) for name in names if not name.isdecimal()]
    except ValueError as error:
        raise CommandError(f"no outbox sequence and no event id among {names}") from error
    return Unparking(sequences=sequences, event_ids=event_ids, topic=topic)


def _line(entry: OutboxEntry) -> str:
    key = "no key" if entry.key is None else f"key {entry.key!r}"
    return f"#{entry.sequence} event {entry.event_id} to {entry.topic}, {key}: {entry.last_error}"

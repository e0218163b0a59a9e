"""Stop a group, durably: `manage.py pausegroup stock --topic orders --until 2h --reason …`."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from events.auditing.group_standing import living_consumers
from events.errors import PauseRefused
from events.management.moments import moment_or_duration
from events.management.operator_options import add_operator_options, operator_or_trial
from events.management.pause_options import add_place_options, place_in, place_of
from events.models import ClosedKey, Pause
from events.operating.pausing import pause
from events.sql import database_time


class Command(BaseCommand):
    help = (
        "Stops a consumer group, or one topic, partition or key of it, until it is resumed. "
        "Running consumers stand still within a second, others from their start. While a key is "
        "paused its messages are held in order and the rest of its partition flows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", help="the consumer group")
        add_place_options(parser)
        parser.add_argument(
            "--until", type=moment_or_duration, help="ends by itself: a time, or 15m, 2h, 1d"
        )
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        until, by = options["until"], operator_or_trial(options)
        if isinstance(until, timedelta):
            until = database_time() + until
        try:
            with transaction.atomic():
                row = pause(options["group"], **place_in(options), until=until, by=by)
                transaction.set_rollback(options["dry_run"])
        except PauseRefused as error:
            raise CommandError(str(error)) from error
        if options["dry_run"]:
            self.stdout.write(f"{row.group} would be paused: {place_of(row)}{_end(row)}.")
            return
        self.stdout.write(
            f"{row.group} is paused: {place_of(row)}{_end(row)}. Its id is {row.pk}."
        )
        self.stdout.write(_what_happens(row))


def _end(row: Pause | ClosedKey) -> str:
    return f", until {row.until:%Y-%m-%d %H:%M:%SZ}" if row.until else ", until it is resumed"


def _what_happens(row: Pause | ClosedKey) -> str:
    count = living_consumers(row.group)
    if not count:
        return f"No consumer of {row.group} is running: it counts for those that start."
    who = "consumer stands" if count == 1 else "consumers stand"
    if isinstance(row, ClosedKey):
        return "Within a second messages of the key are held; the rest of its partition flows."
    return f"The {count} running {who} still within a second."

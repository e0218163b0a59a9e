"""Start what stands still: `manage.py resumegroup stock --topic orders --reason "mended"`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from events.errors import PauseRefused
from events.management.operator_options import add_operator_options, operator_or_trial
from events.management.pause_options import (
    add_place_options,
    is_at,
    pause_table,
    place_in,
    place_of,
)
from events.management.waiting_groups import who_runs_them
from events.models import ClosedKey, Pause
from events.operating.key_release import held_letters
from events.operating.pausing import paused, resume


class Command(BaseCommand):
    help = (
        "Ends exactly one pause of a group: the one of --topic, --partition or --key as they were "
        "given, or the one of --id. A key in quarantine is released: the message that failed runs "
        "first, then what was held behind it, in order. If none fits, those in force are listed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", nargs="?", default="", help="the consumer group")
        add_place_options(parser)
        parser.add_argument("--id", type=UUID, help="the pause or the closed key, by its id")
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        by = operator_or_trial(options)
        pause_id = self._chosen(options)
        try:
            with transaction.atomic():
                row = resume(pause_id, by=by)
                held = held_letters(row) if isinstance(row, ClosedKey) else 0
                transaction.set_rollback(options["dry_run"])
        except PauseRefused as error:
            raise CommandError(str(error)) from error
        self._tell(row, held=held, would=options["dry_run"])

    def _chosen(self, options: dict[str, Any]) -> UUID:
        pause_id: UUID | None = options["id"]
        place = place_in(options)
        if pause_id is not None:
            if options["group"] or any(value not in {None, ""} for value in place.values()):
                raise CommandError("give --id alone, or the group")
            return pause_id
        if not options["group"]:
            raise CommandError("name a group, or give --id")
        in_force = paused(options["group"])
        for row in in_force:
            if is_at(row, **place):
                return row.pk
        for line in pause_table(in_force):
            self.stderr.write(line, style_func=str)
        if in_force:
            raise CommandError("none of these is exactly what you named; give its --id")
        raise CommandError(f"nothing of {options['group']} stands still")

    def _tell(self, row: Pause | ClosedKey, *, held: int, would: bool) -> None:
        is_key = isinstance(row, ClosedKey)
        verb = "would be" if would else "is"
        what = f"{verb} {'released' if is_key else 'resumed'}: {place_of(row)}"
        self.stdout.write(f"{row.group} {what}.")
        if is_key:
            self.stdout.write(_held(held))
        if held and not would:
            for line in who_runs_them([row.group]):
                self.stdout.write(line)


def _held(count: int) -> str:
    if not count:
        return "Nothing of the key is held."
    if count == 1:
        return "1 message of the key is held; it runs before what comes after it."
    return f"{count} messages of the key are held; they run in order, before what comes after."

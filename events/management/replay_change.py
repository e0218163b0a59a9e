"""A command that pauses, resumes or stops a replay: they differ in the service and the words."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from events.errors import ReplayRefused
from events.management.operator_options import add_operator_options, operator_or_trial
from events.models import Replay


class ReplayChange(BaseCommand):
    """`change` is the service, `becomes` says what the replay is then, `meaning` what follows."""

    change: Callable[..., Replay]
    becomes: str
    meaning: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the replay's id, and who does it and why."""
        parser.add_argument("replay_id", type=UUID, help="the replay, by its id")
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        """Do it, or with --dry-run try it."""
        by = operator_or_trial(options)
        try:
            with transaction.atomic():
                row = type(self).change(options["replay_id"], by=by)
                transaction.set_rollback(options["dry_run"])
        except ReplayRefused as error:
            raise CommandError(str(error)) from error
        verb = "would be" if options["dry_run"] else "is"
        self.stdout.write(f"Replay {row.pk} of {row.group} {verb} {self.becomes}.")
        if not options["dry_run"]:
            self.stdout.write(self.meaning)

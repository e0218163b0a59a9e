"""Say no to dead letters, for good: `manage.py discard LETTER_ID --reason "a test order"`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.management.letter_options import add_letter_options, add_limit, letter_selection
from events.management.letter_table import letter_table
from events.management.operator_options import add_operator_options, operator_of
from events.models import DeadLetter
from events.operating.discarding import Discarding


class Command(BaseCommand):
    help = (
        "Discards open dead letters, by their ids or by filter: nobody runs them any more. What "
        "is held behind a closed key is discarded if it is named, or with --key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_letter_options(parser)
        add_limit(parser)
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        discarding = Discarding(letter_selection(options))
        if options["dry_run"]:
            result, verb = discarding.preview(), "would be discarded"
            for line in letter_table(DeadLetter.objects.filter(pk__in=result.letters)):
                self.stdout.write(line)
        else:
            result, verb = discarding.carry_out(by=operator_of(options)), "discarded"
        for left in result.left:
            self.stderr.write(f"  left: {left}")
        self.stdout.write(f"{result.count} letter{'' if result.count == 1 else 's'} {verb}.")
        if result.closed_keys:
            self.stdout.write(
                f"They had closed {_keys(result.closed_keys)} closed: the messages are held "
                "until manage.py resumegroup releases them."
            )
        if result.left and not options["dry_run"]:
            raise CommandError(f"{len(result.left)} left as they are")


def _keys(count: int) -> str:
    return "1 key, which stays" if count == 1 else f"{count} keys, which stay"

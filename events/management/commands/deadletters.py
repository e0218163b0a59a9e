"""Say what failed, grouped by what went wrong: `manage.py deadletters --group stock`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from events.management.letter_options import add_letter_options, letter_selection
from events.management.letter_table import letter_table
from events.models import DeadLetter

_CHOOSING = ("letter_id", "group", "topic", "exception", "handler", "type", "start", "end")


class Command(BaseCommand):
    help = "Lists open dead letters grouped by exception and handler, the most frequent first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_letter_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        rows = DeadLetter.objects.all()
        if options["key"] is not None or any(options[name] for name in _CHOOSING):
            rows = letter_selection(options).chosen()
        lines = list(letter_table(rows.open()))
        for line in lines or ["No dead letter is open."]:
            self.stdout.write(line)

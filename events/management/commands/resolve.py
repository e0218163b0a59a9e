"""Say what became of an effect nobody knows of: `manage.py resolve 4711 --as done`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.errors import ResolveRefused
from events.management.operator_options import add_operator_options, operator_of
from events.management.waiting_groups import who_runs_them
from events.operating.resolving import Resolution, Resolving


class Command(BaseCommand):
    help = (
        "Resolves a consumption whose outcome is unknown: its external effect began, and nobody "
        "knows whether it happened. Look it up outside by its reference (an e-mail's Message-ID)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("consumption_id", type=int, help="the ledger row")
        parser.add_argument(
            "--as",
            dest="how",
            required=True,
            choices=("done", "resend"),
            help="done: it happened; resend: do it once more, with the same bytes and reference",
        )
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        resolving = Resolving(options["consumption_id"], how=options["how"])
        try:
            if options["dry_run"]:
                self._tell(resolving.preview(), would=True)
            else:
                self._tell(resolving.carry_out(by=operator_of(options)), would=False)
        except ResolveRefused as error:
            raise CommandError(str(error)) from error

    def _tell(self, found: Resolution, *, would: bool) -> None:
        row = found.consumption
        kept = "none" if found.payload_bytes is None else f"{found.payload_bytes} bytes"
        self.stdout.write(f"{row.group}, dedupe key {row.dedupe_key}, at {_position(row)}")
        self.stdout.write(f"Reference: {found.reference or 'none'}. Kept for a resend: {kept}.")
        if found.how == "done":
            self.stdout.write(f"{'It would be' if would else 'It is'} marked as succeeded.")
        elif would:
            self.stdout.write("It would be handed back to its group, to be done once more.")
        else:
            self.stdout.write("It is handed back to its group, to be done once more.")
            for line in who_runs_them([row.group]):
                self.stdout.write(line)


def _position(row: Any) -> str:
    return f"{row.topic}:{row.partition}:{row.offset}"

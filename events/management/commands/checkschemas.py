"""Hold the declared schemas against the committed snapshot."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.conf import waybill
from events.errors import Misconfigured
from events.schema_changes import (
    SchemaChange,
    declared_schemas,
    read_snapshot,
    schema_changes,
    write_snapshot,
)

_REMEDY = (
    "Declare what is meant as a new type (invoice.requested.v2) beside the old one. If no event "
    "of the old form exists anywhere, accept the change: --write --accept TYPE."
)


class Command(BaseCommand):
    requires_system_checks = ["waybill"]
    help = (
        "Refuses a change of an event type's schema that old events or old handlers would not "
        "survive. Fails too if the snapshot is not up to date, so that it can be run in CI."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--snapshot", help="the file; default: WAYBILL['schema_snapshot']")
        parser.add_argument("--write", action="store_true", help="bring the snapshot up to date")
        parser.add_argument(
            "--accept",
            metavar="TYPE",
            action="append",
            default=[],
            help="take the change of this event type although it breaks something",
        )

    def handle(self, *args: Any, write: bool, accept: list[str], **options: Any) -> None:
        path = Path(options["snapshot"] or waybill().schema_snapshot or _missing())
        try:
            declared = declared_schemas()
            changes = list(schema_changes(read_snapshot(path), declared))
        except Misconfigured as error:
            raise CommandError(str(error)) from error
        for change in changes:
            self._tell(change)
        refused = [each for each in changes if each.broken and each.type not in accept]
        if refused:
            raise CommandError(f"{len(refused)} incompatible changes. {_REMEDY}")
        if changes and not write:
            raise CommandError(f"{path} is not up to date: run `manage.py checkschemas --write`.")
        if changes:
            self._write(path, declared)
        else:
            self.stdout.write("All schemas are as in the snapshot.")

    def _tell(self, change: SchemaChange) -> None:
        self.stdout.write(f"{change.topic}: {change.type} {change.what}")
        for reason in change.broken:
            self.stdout.write(f"  {reason}")
        if change.diff:
            self.stdout.write(change.diff)

    def _write(self, path: Path, declared: dict[str, Any]) -> None:
        try:
            write_snapshot(path, declared)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error}") from error
        self.stdout.write(f"{path} is up to date now; commit it.")


def _missing() -> str:
    raise CommandError("name the file: --snapshot, or the setting WAYBILL['schema_snapshot']")

"""List replays, or tell all about one: `manage.py replays --group stock`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.auditing.replay_progress import progress_of
from events.management.replay_report import report
from events.management.replay_words import asked_for
from events.management.table import table
from events.models import Replay

LISTED = 50
_HEAD = ("id", "requested", "group", "state", "done", "what", "by", "why")


class Command(BaseCommand):
    help = "Lists replays, the newest first, or tells how one goes, or went, by its id."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("replay_id", nargs="?", type=UUID, help="tell all about this one")
        parser.add_argument("--group", default="", help="only of this consumer group")
        parser.add_argument("--state", choices=Replay.State.values, help="only those")

    def handle(self, *_args: object, **options: Any) -> None:
        if options["replay_id"] is not None:
            self._tell(options["replay_id"])
            return
        rows = Replay.objects.newest_first()
        if options["group"]:
            rows = rows.filter(group=options["group"])
        if options["state"]:
            rows = rows.filter(state=options["state"])
        found = list(rows[: LISTED + 1])
        for line in table(_HEAD, [_cells(row) for row in found[:LISTED]]):
            self.stdout.write(line)
        if not found:
            self.stdout.write("There is no such replay.")
        if len(found) > LISTED:
            self.stdout.write(f"… these are the newest {LISTED}")

    def _tell(self, replay_id: UUID) -> None:
        row = Replay.objects.filter(pk=replay_id).first()
        if row is None:
            raise CommandError(f"there is no replay {replay_id}")
        for line in report(row, with_all_events=True):
            self.stdout.write(line)


def _cells(row: Replay) -> tuple[str, ...]:
    return (
        str(row.pk),
        f"{row.requested_at:%Y-%m-%d %H:%M:%SZ}",
        row.group,
        row.state,
        f"{int(progress_of(row) * 100)} %",
        asked_for(row),
        row.by,
        row.reason,
    )

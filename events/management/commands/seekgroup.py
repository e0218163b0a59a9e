"""Have a group go on elsewhere: `manage.py seekgroup stock --to earliest --dry-run`."""

import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.errors import KafkaRefused, SeekRefused, ServiceUnavailable
from events.management.moments import moment
from events.management.operator_options import add_operator_options, operator_of
from events.management.table import table
from events.models import Seek
from events.operating.seeking import (
    Earliest,
    Latest,
    Offset,
    Seeking,
    SeekRow,
    Sought,
    Target,
    Timestamp,
)
from events.stopping import stop_on_signals

LOOK_EVERY_S = 0.2
_HEAD = ("topic", "partition", "committed", "first", "end", "target", "again", "skipped")


class Command(BaseCommand):
    help = (
        "Sets a consumer group's positions, in all its topics or in one, and says before what "
        "that means. Where no consumer lives it is done at once; else the consumer that owns a "
        "partition does it. Messages that are handed out again are skipped where they are done; "
        "what is skipped is never handled."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", help="the consumer group")
        parser.add_argument(
            "--to", required=True, type=_target, help="earliest, latest, an offset, or a time"
        )
        parser.add_argument("--topic", default="", help="only this topic")
        parser.add_argument("--partition", type=int, help="only this partition of --topic")
        parser.add_argument(
            "--wait", action="store_true", help="wait until the consumers have acknowledged it"
        )
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        by = None if options["dry_run"] else operator_of(options)
        try:
            seeking = Seeking(
                options["group"],
                to=options["to"],
                topic=options["topic"],
                partition=options["partition"],
            )
            self._preview(seeking.preview())
            sought = seeking.carry_out(by=by) if by else None
        except (SeekRefused, ServiceUnavailable, KafkaRefused) as error:
            raise CommandError(str(error)) from error
        if sought is None:
            self.stdout.write("Nothing was changed: a dry run.")
            return
        self._report(options["group"], sought)
        if options["wait"] and not sought.at_once:
            with stop_on_signals() as stop:
                self._wait(sought.seeks, stop)

    def _preview(self, rows: Sequence[SeekRow]) -> None:
        for line in table(_HEAD, [tuple(getattr(row, name) for name in _HEAD) for row in rows]):
            self.stdout.write(line)
        again, skipped = sum(row.again for row in rows), sum(row.skipped for row in rows)
        self.stdout.write(
            f"{again} messages are handed out again (what is done is skipped), "
            f"{skipped} are never handled."
        )

    def _report(self, group: str, sought: Sought) -> None:
        if sought.at_once:
            self.stdout.write(
                f"Done: no consumer of {group} was running, Kafka's offsets are changed."
            )
        else:
            self.stdout.write(
                f"Asked for: the consumers of {group} that own the {len(sought.rows)} partitions "
                "go there, one that owns them later as soon as it does."
            )

    def _wait(self, seeks: Sequence[UUID], stop: threading.Event) -> None:
        rows = Seek.objects.filter(pk__in=seeks).order_by("topic", "partition")
        while rows.requested().exists():
            if stop.wait(LOOK_EVERY_S):
                raise CommandError("stopped waiting; the requests stand")
        for row in rows:
            how = f"done by {row.done_by}" if row.state == Seek.State.DONE else "superseded"
            self.stdout.write(f"{row.topic}:{row.partition} to {row.to_offset}: {how}.")


def _target(text: str) -> Target:
    named: dict[str, Target] = {"earliest": Earliest(), "latest": Latest()}
    if text in named:
        return named[text]
    if text.isdecimal():
        return Offset(int(text))
    try:
        return Timestamp(moment(text))
    except ArgumentTypeError:
        raise ArgumentTypeError(
            f"{text!r} is none of earliest, latest, an offset, or a time like 2026-03-01T12:00:00Z"
        ) from None

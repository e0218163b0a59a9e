"""Write stored events to Kafka once more: `manage.py republish EVENT_ID --reason "topic lost"`."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.errors import UnknownTopic
from events.management.moments import moment
from events.management.operator_options import add_operator_options, operator_of
from events.operating.republish_selection import Selection, Verdict
from events.operating.republishing import RATE, Progress, Republishing
from events.stopping import stop_on_signals


class Command(BaseCommand):
    help = (
        "Writes stored events to Kafka once more, in the order of their acceptance. Groups that "
        "handled them skip them. SIGTERM or Ctrl-C ends it after the chunk in hand."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("event_id", nargs="*", type=UUID, help="events, by their ids")
        parser.add_argument("--topic", default="", help="the events of this topic")
        parser.add_argument(
            "--from", dest="start", type=moment, help="of --topic, accepted at or after (ISO 8601)"
        )
        parser.add_argument("--to", dest="end", type=moment, help="of --topic, accepted before")
        parser.add_argument(
            "--rate", type=float, default=RATE, help=f"events a second at most ({RATE:g})"
        )
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        run = _run(options)
        if options["dry_run"]:
            self._report(run.preview(), would=True)
            return
        by = operator_of(options)
        with stop_on_signals() as stop:
            progress = run.run(stop, by=by, tell=self._tell)
            was_stopped = stop.is_set()
        self._report(progress, would=False)
        if was_stopped:
            raise CommandError("stopped before the end; what is said above is done")

    def _tell(self, progress: Progress) -> None:
        self.stdout.write(f"  {progress.republished} republished of {progress.seen} looked at")

    def _report(self, progress: Progress, *, would: bool) -> None:
        for left in progress.left:
            self.stderr.write(f"  left: {left}")
        for verdict in Verdict:
            count = progress.verdicts[verdict]
            if verdict is Verdict.REPUBLISHED:
                self.stdout.write(f"{count} {'would be ' if would else ''}republished.")
            elif count:
                self.stdout.write(f"{count} left out: {verdict.value}.")
        if progress.left and not would:
            raise CommandError(f"{len(progress.left)} left as they are")


def _run(options: dict[str, Any]) -> Republishing:
    if bool(options["event_id"]) == bool(options["topic"]):
        raise CommandError("give event ids, or --topic")
    if options["event_id"] and (options["start"] or options["end"]):
        raise CommandError("--from and --to go with --topic")
    try:
        selection = Selection(
            event_ids=options["event_id"],
            topic=options["topic"],
            start=options["start"],
            end=options["end"],
        )
        return Republishing(selection, rate=options["rate"])
    except (UnknownTopic, ValueError) as error:
        raise CommandError(str(error)) from error

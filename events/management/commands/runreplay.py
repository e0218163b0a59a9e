"""Consume old events again for one group: `manage.py runreplay stock --reason "a wrong price"`."""

import shutil
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.conf import waybill
from events.errors import KafkaRefused, ReplayRefused, ServiceUnavailable
from events.management.operator_options import add_operator_options, operator_of
from events.management.replay_options import OF_A_REQUEST, add_replay_options, replay_request
from events.management.replay_preview_table import preview_table
from events.management.replay_progress import ReplayProgress
from events.management.replay_report import report
from events.management.replay_words import asked_for, number
from events.models import Replay
from events.observing.collector import collect_rarely
from events.operating.replays import Replaying
from events.replaying.plan import PlannedPartition
from events.replaying.process import EXIT_OK, ReplayProcess
from events.replaying.worker import ReplayWorker
from events.stopping import stop_on_signals


class Command(BaseCommand):
    requires_system_checks = ["waybill"]  # the others would load every page of the web process
    help = (
        "Consumes old messages once more for GROUP, beside its consumers: what its ledger has no "
        "row for, or with --mode force everything. It ends where the group is, or at the end. "
        "SIGTERM or Ctrl-C ends it after the message in hand, a second one at once; killed or "
        "stopped, --id goes on where it was. --serve runs whatever is asked for elsewhere."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("group", nargs="?", default="", help="the consumer group")
        add_replay_options(parser)
        parser.add_argument("--id", type=UUID, help="go on with this replay")
        parser.add_argument(
            "--serve", action="store_true", help="run what waits, one after the other, until told"
        )
        parser.add_argument(
            "--detach", action="store_true", help="only ask for it: a worker (--serve) runs it"
        )
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        _check_form(options)
        collect_rarely()
        if options["serve"]:
            with stop_on_signals() as stop:
                ReplayWorker(settings=waybill()).run(stop)
        elif options["id"]:
            self._run(options["id"])
        elif options["dry_run"]:
            self._preview(options)
        else:
            row = self._ask(options)
            if not options["detach"]:
                self._run(row.pk)

    def _preview(self, options: dict[str, Any]) -> None:
        try:
            preview = Replaying(replay_request(options)).preview()
        except (ReplayRefused, ServiceUnavailable, KafkaRefused) as error:
            raise CommandError(str(error)) from error
        for line in preview_table(preview):
            self.stdout.write(line)
        self.stdout.write("Nothing was changed: a dry run.")

    def _ask(self, options: dict[str, Any]) -> Replay:
        by = operator_of(options)
        try:
            row = Replaying(replay_request(options)).carry_out(by=by)
        except (ReplayRefused, ServiceUnavailable, KafkaRefused) as error:
            raise CommandError(str(error)) from error
        plan = [PlannedPartition.of(each) for each in row.plan]
        self.stdout.write(f"Replay {row.pk} of {row.group}: {asked_for(row)}.")
        self.stdout.write(
            f"{number(sum(each.messages for each in plan))} messages are on Kafka, "
            f"{number(sum(each.removed for each in plan))} no longer."
        )
        if options["detach"]:
            self.stdout.write("It is asked for; a worker runs it: manage.py runreplay --serve")
        return row

    def _run(self, replay_id: UUID) -> None:
        progress = self._progress()
        try:
            with stop_on_signals() as stop:
                process = ReplayProcess(replay_id, settings=waybill(), tell=progress.show)
                code = process.run(stop)
        except ReplayRefused as error:  # another process has it, or it is over
            raise CommandError(str(error)) from error
        finally:
            progress.close()
        for line in report(Replay.objects.get(pk=replay_id)):
            self.stdout.write(line)
        if code != EXIT_OK:
            raise CommandError("the replay did not come to its end", returncode=code)

    def _progress(self) -> ReplayProgress:
        columns = _columns if self.stdout.isatty() else None
        return ReplayProgress(_Verbatim(self.stdout), columns=columns)


class _Verbatim:
    """A command's output without the line ends it adds."""

    def __init__(self, out: Any) -> None:
        self._out = out

    def write(self, text: str, /) -> None:
        self._out.write(text, ending="")

    def flush(self) -> None:
        self._out.flush()


def _columns() -> int:
    return shutil.get_terminal_size().columns


def _check_form(options: dict[str, Any]) -> None:
    """Raise CommandError unless it is one of the three forms, with what belongs to it."""
    forms = [name for name in ("group", "id", "serve") if options[name]]
    if len(forms) != 1:
        raise CommandError("name a group, or give --id or --serve, and only one of them")
    if forms == ["group"]:
        return
    given = (*OF_A_REQUEST, "detach", "dry_run")
    others = [name for name in given if options[name] is not None and options[name] is not False]
    if others:
        told = ", ".join(f"--{_option(name)}" for name in others)
        raise CommandError(f"{told} belongs to a replay that is asked for: name a group instead")


def _option(name: str) -> str:
    return {"start": "from", "before": "to"}.get(name, name).replace("_", "-")

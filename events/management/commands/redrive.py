"""Hand dead letters back to their group: `manage.py redrive --group stock --reason "mended"`."""

import threading
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from events.errors import OperatingRefused
from events.event import Headers
from events.management.letter_edit import diff, value_in, with_headers
from events.management.letter_options import add_letter_options, add_limit, letter_selection
from events.management.letter_table import letter_table
from events.management.operator_options import add_operator_options, operator_of
from events.management.waiting_groups import who_runs_them
from events.models import DeadLetter
from events.operating.editing import UNCHANGED, EditedRedrive, Unchanged
from events.operating.redriving import Redriven, Redriving
from events.stopping import stop_on_signals

State = DeadLetter.State
ON_THEIR_WAY = (State.REDRIVING, State.HELD)
LOOK_EVERY_S = 0.5


class Command(BaseCommand):
    help = (
        "Hands open dead letters back to their group, by their ids or by filter. The consumer "
        "that owns their partition runs them on the ledger row they failed on, so no effect is "
        "repeated. With one id and --value-file or --header it edits the message first. SIGTERM "
        "or Ctrl-C ends it after the chunk in hand; called again, it goes on with what is open."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_letter_options(parser)
        add_limit(parser)
        parser.add_argument("--rate", type=float, help="letters a second at most")
        parser.add_argument(
            "--value-file", type=Path, help="of one letter: its value shall be this file's content"
        )
        parser.add_argument(
            "--header",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="of one letter: set this header",
        )
        parser.add_argument(
            "--wait", action="store_true", help="wait until the group is done with them"
        )
        add_operator_options(parser)

    def handle(self, *_args: object, **options: Any) -> None:
        with stop_on_signals() as stop:
            if options["value_file"] or options["header"]:
                self._edit(options, stop)
            else:
                self._redrive(options, stop)

    def _redrive(self, options: dict[str, Any], stop: threading.Event) -> None:
        try:
            redriving = Redriving(letter_selection(options), rate=options["rate"])
        except ValueError as error:
            raise CommandError(f"--rate: {error}") from error
        if options["dry_run"]:
            self._preview(redriving.preview())
            return
        result = redriving.run(stop, by=operator_of(options), tell=self._tell)
        was_stopped = stop.is_set()
        self._report(result)
        if options["wait"] and not was_stopped:
            self._wait((*result.letters, *result.heads), stop)
        if was_stopped:
            raise CommandError("stopped before the end; what is said above is done")
        if result.left:
            raise CommandError(f"{len(result.left)} left as they are")

    def _preview(self, found: Redriven) -> None:
        for line in letter_table(DeadLetter.objects.filter(pk__in=found.letters + found.heads)):
            self.stdout.write(line)
        for left in found.left:
            self.stderr.write(f"  left: {left}")
        self.stdout.write(f"{_letters(found.count)} would be handed back.")
        if found.released_keys:
            self.stdout.write(f"{_keys(found.released_keys)} would be released.")

    def _tell(self, sofar: Redriven) -> None:
        self.stdout.write(f"  {sofar.count + sofar.released_keys} so far")

    def _report(self, result: Redriven) -> None:
        for left in result.left:
            self.stderr.write(f"  left: {left}")
        self.stdout.write(f"{_letters(result.count)} handed back.")
        if result.released_keys:
            self.stdout.write(
                f"{_keys(result.released_keys)} released: the message that failed runs first, "
                "then what was held behind it."
            )
        for line in who_runs_them(result.groups):
            self.stdout.write(line)

    def _edit(self, options: dict[str, Any], stop: threading.Event) -> None:
        letter_id = _only_letter(options)
        editing = _editing(letter_id, options)
        try:
            edit = editing.preview()
            for line in diff(edit):
                self.stdout.write(line)
            if edit.problems:
                raise CommandError("; ".join(edit.problems))
            if options["dry_run"]:
                self.stdout.write("1 letter would be handed back as edited.")
                return
            child = editing.carry_out(by=operator_of(options))
        except OperatingRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"1 letter handed back as edited: it is letter {child} now.")
        group = DeadLetter.objects.values_list("group", flat=True).get(pk=child)
        for line in who_runs_them([group]):
            self.stdout.write(line)
        if options["wait"]:
            self._wait([child], stop)

    def _wait(self, letters: Any, stop: threading.Event) -> None:
        rows = DeadLetter.objects.filter(pk__in=letters)
        while rows.filter(state__in=ON_THEIR_WAY).exists():
            if stop.wait(LOOK_EVERY_S):
                raise CommandError("stopped waiting; what was handed back stays so")
        results = Counter(rows.values_list("result", flat=True))
        for result, count in results.most_common():
            self.stdout.write(f"{_letters(count)}: {result or 'dealt with'}")


def _only_letter(options: dict[str, Any]) -> UUID:
    selection = letter_selection(options)
    if len(selection.ids) != 1 or options["rate"] is not None:
        raise CommandError("--value-file and --header go with exactly one letter id")
    return selection.ids[0]


def _editing(letter_id: UUID, options: dict[str, Any]) -> EditedRedrive:
    path, changes = options["value_file"], options["header"]
    headers: Headers | Unchanged = UNCHANGED
    if changes:
        try:
            before = EditedRedrive(letter_id).preview().before_headers
        except OperatingRefused as error:
            raise CommandError(str(error)) from error
        headers = with_headers(before, changes)
    return EditedRedrive(
        letter_id, value=UNCHANGED if path is None else value_in(path), headers=headers
    )


def _letters(count: int) -> str:
    return f"{count} letter{'' if count == 1 else 's'}"


def _keys(count: int) -> str:
    return f"{count} closed key{'' if count == 1 else 's'}"

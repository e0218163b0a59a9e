"""A supervisor that has everything loaded: what was killed is back in milliseconds."""

import os
import signal
import sys
import threading
import traceback
from argparse import REMAINDER, ArgumentParser
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from events.stopping import STOP_SIGNALS


class Command(BaseCommand):
    help = "Run a management command in a child, again each time it is killed by SIGKILL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--always", action="store_true", help="also after any other failure, as systemd does"
        )
        parser.add_argument(
            "--stay-s", type=float, default=0.0, help="stop it after so long, and run it again"
        )
        parser.add_argument("--first-s", type=float, help="how long its first life lasts")
        parser.add_argument("--away-s", type=float, default=0.0, help="how long it is away then")
        parser.add_argument("words", nargs=REMAINDER, help="the command and its arguments")

    def handle(self, *_args: object, **options: Any) -> None:
        self._child = 0
        self._is_told = threading.Event()
        name, *words = options["words"]
        # Loaded before the fork; connections and clients are made after it, in the child.
        command = load_command_class(get_commands()[name], name)
        stay_s = options["first_s"] or options["stay_s"]
        while True:
            code = self._live(command, words, stay_s=stay_s)
            stay_s = options["stay_s"]
            comes_back = code == -signal.SIGKILL or (options["always"] and code != 0)
            if not (comes_back or (stay_s and code == 0)) or self._is_told.wait(options["away_s"]):
                sys.exit(code)
            print(f"revived after exit code {code}", flush=True)  # noqa: T201 - for the log

    def _live(self, command: BaseCommand, words: list[str], *, stay_s: float) -> int:
        self._child = os.fork()
        if self._child == 0:
            _run(command, words)
        for number in (*STOP_SIGNALS, signal.SIGALRM):
            signal.signal(number, self._stop)
        signal.setitimer(signal.ITIMER_REAL, stay_s)
        if self._is_told.is_set():  # between two lives
            os.kill(self._child, signal.SIGTERM)
        _, status = os.waitpid(self._child, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        return os.waitstatus_to_exitcode(status)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        if self._child == 0:
            os._exit(128 + number)  # the child, before it is anything else
        if number in STOP_SIGNALS:
            self._is_told.set()
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGTERM if number == signal.SIGALRM else number)


def _run(command: BaseCommand, words: list[str]) -> NoReturn:
    for number in (*STOP_SIGNALS, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    code = 1
    try:
        call_command(command, *words)
        code = 0
    except Exception:  # noqa: BLE001 - the child must end here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)

"""A supervisor that has everything loaded: what was killed is back in milliseconds."""

import os
import signal
import sys
import traceback
from argparse import REMAINDER, ArgumentParser
from types import FrameType
from typing import Any

from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from events.stopping import STOP_SIGNALS


class Command(BaseCommand):
    help = "Run a management command in a child, again each time it is killed by SIGKILL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--always", action="store_true", help="also after any other failure, as systemd does"
        )
        parser.add_argument("words", nargs=REMAINDER, help="the command and its arguments")

    def handle(self, *_args: object, **options: Any) -> None:
        name, *words = options["words"]
        # Loaded before the fork; connections and clients are made after it, in the child.
        command = load_command_class(get_commands()[name], name)
        child = 0

        def forward(number: int, _frame: FrameType | None) -> None:
            os.kill(child, number)

        while True:
            child = os.fork()
            if child == 0:
                _run(command, words)
            for number in STOP_SIGNALS:
                signal.signal(number, forward)
            _, status = os.waitpid(child, 0)
            code = os.waitstatus_to_exitcode(status)
            if code == 0 or (code != -signal.SIGKILL and not options["always"]):
                sys.exit(code)
            print(f"revived after exit code {code}", flush=True)  # noqa: T201 - for the log


def _run(command: BaseCommand, words: list[str]) -> None:
    for number in STOP_SIGNALS:
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

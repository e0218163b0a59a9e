"""Commands: `python -m local up`, `… demo`, and for the demo that runs `… stop consumer` etc."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from local.demo.living.control import ask
from local.demo.state import DIRECTORY, State
from local.errors import LocalError

_FOR_A_RUNNING_DEMO = {
    "stop": "stop a process or service of the running demo, until start",
    "start": "start it again",
    "kill": "end it with SIGKILL; the demo starts it again",
    "status": "the running demo's figures, in one line",
}


def main() -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local")
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser("up", help="all services until Ctrl-C; prints their environment")
    up.add_argument("--directory", type=Path, help="keep the data here (default: temporary)")
    up.set_defaults(run=_up)
    demo = commands.add_parser("demo", help="ten orders travel from HTTP to the mailboxes")
    demo.add_argument("--once", action="store_true", help="end when they have arrived")
    demo.add_argument("--directory", type=Path, help="keep the data here (default: .local/demo)")
    demo.set_defaults(run=_demo)
    for name, promise in _FOR_A_RUNNING_DEMO.items():
        command = commands.add_parser(name, help=promise)
        if name != "status":
            command.add_argument("name", help="api, relay, consumer, or one of the services")
        command.add_argument("--directory", type=Path, help="where the demo keeps its data")
        command.set_defaults(run=_ask, do=name)
    options = parser.parse_args()
    try:
        code: int = options.run(options)
    except LocalError as error:
        _tell(str(error))
        return 1
    return code


def _up(options: argparse.Namespace) -> int:
    from local.stack import Stack  # noqa: PLC0415 - needs more than a word to the demo does

    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Stack(options.directory, say=_tell) as stack:
            for name, value in stack.environment.items():
                print(f"{name}={value}", flush=True)  # noqa: T201 - what the command is for
            _tell("Ready; Ctrl-C ends it")
            stop.wait()
    except KeyboardInterrupt:
        pass
    return 0


def _demo(options: argparse.Namespace) -> int:
    from local.demo.run import Demo  # noqa: PLC0415 - needs more than the services do
    from local.demo.screen import Screen  # noqa: PLC0415 - as above

    directory = options.directory or DIRECTORY
    return Demo(directory=directory, once=options.once, screen=Screen()).run()


def _ask(options: argparse.Namespace) -> int:
    state = State(directory=(options.directory or DIRECTORY).resolve())
    print(ask(state.control, options.do, getattr(options, "name", "")))  # noqa: T201 - as asked
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people, beside the result


if __name__ == "__main__":
    sys.exit(main())

"""Commands: `python -m local up [--directory D]` and `python -m local demo [--once]`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from local.errors import LocalError
from local.stack import Stack


def main() -> int:
    """Do what the command line says; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local")
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser("up", help="all services until Ctrl-C; prints their environment")
    up.add_argument("--directory", type=Path, help="keep the data here (default: temporary)")
    up.set_defaults(run=_up)
    demo = commands.add_parser("demo", help="ten orders travel from HTTP to the mailboxes")
    demo.add_argument("--once", action="store_true", help="end when they have arrived")
    demo.set_defaults(run=_demo)
    options = parser.parse_args()
    code: int = options.run(options)
    return code


def _up(options: argparse.Namespace) -> int:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with Stack(options.directory, say=_tell) as stack:
            for name, value in stack.environment.items():
                print(f"{name}={value}", flush=True)  # noqa: T201 - what the command is for
            _tell("Ready; Ctrl-C ends it")
            stop.wait()
    except KeyboardInterrupt:
        return 0
    except LocalError as error:
        _tell(str(error))
        return 1
    return 0


def _demo(options: argparse.Namespace) -> int:
    from local.demo.run import Demo  # noqa: PLC0415 - needs more than the services do
    from local.demo.screen import Screen  # noqa: PLC0415 - as above

    return Demo(once=options.once, screen=Screen()).run()


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people, beside the result


if __name__ == "__main__":
    sys.exit(main())

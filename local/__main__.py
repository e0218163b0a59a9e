"""`python -m local up [--directory D]`: all services until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from local.errors import LocalError
from local.stack import Stack


def main() -> int:
    """Start everything, print the environment, stay until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.add_argument("--directory", type=Path, help="keep the data here (default: temporary)")
    options = parser.parse_args()
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


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people, beside the result


if __name__ == "__main__":
    sys.exit(main())

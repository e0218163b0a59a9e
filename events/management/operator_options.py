"""What every command that changes something asks its operator: why, in whose name, or a trial."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from events.operating.operator import Operator

ORIGIN = "command line"


def add_operator_options(parser: ArgumentParser) -> None:
    """Add --dry-run, --reason and --by."""
    parser.add_argument("--dry-run", action="store_true", help="say what would be done")
    parser.add_argument("--reason", default="", help="for the audit; not needed for --dry-run")
    parser.add_argument("--by", default="", help="who does it (the user of this terminal)")


def operator_of(options: dict[str, Any]) -> Operator:
    """Return who does it; raises CommandError without a reason."""
    if not options["reason"].strip():
        raise CommandError("say why: --reason")
    return Operator(name=options["by"] or _user(), reason=options["reason"], origin=ORIGIN)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"

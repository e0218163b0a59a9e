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


def operator_or_trial(options: dict[str, Any]) -> Operator:
    """Return who does it, or tries it: with --dry-run the reason may be left out."""
    if options["dry_run"] and not options["reason"].strip():
        return operator_of({**options, "reason": "dry run"})
    return operator_of(options)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"

"""How commands choose dead letters: by their ids, or by filter."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from events.management.moments import moment
from events.operating.letter_selection import LetterSelection

_FILTERS = {
    "group": "letters of this consumer group",
    "topic": "letters of messages of this topic",
    "exception": "set aside for this exception, as deadletters names it",
    "handler": "set aside by this handler",
    "type": "letters of events of this type",
    "key": "letters of messages with this key",
}


def add_letter_options(parser: ArgumentParser) -> None:
    """Add the ids and the filters."""
    parser.add_argument("letter_id", nargs="*", type=UUID, help="dead letters, by their ids")
    for name, told in _FILTERS.items():
        parser.add_argument(f"--{name}", default=None if name == "key" else "", help=told)
    parser.add_argument(
        "--from", dest="start", type=moment, help="set aside at or after (ISO 8601)"
    )
    parser.add_argument("--to", dest="end", type=moment, help="set aside before")


def add_limit(parser: ArgumentParser) -> None:
    """Add --limit."""
    parser.add_argument("--limit", type=int, help="so many at most, the oldest first")


def letter_selection(options: dict[str, Any]) -> LetterSelection:
    """Return what was chosen; raises CommandError for ids and filters together, or neither."""
    key: str | None = options["key"]
    try:
        return LetterSelection(
            ids=tuple(dict.fromkeys(options["letter_id"])),
            **{name: options[name] for name in _FILTERS if name != "key"},
            key=None if key is None else key.encode("utf-8", "surrogateescape"),
            created_from=options["start"],
            created_before=options["end"],
            limit=options.get("limit"),
        )
    except ValueError as error:
        raise CommandError(str(error)) from error

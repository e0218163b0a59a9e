"""Dead letters as a table for the terminal: grouped by what went wrong."""

from collections.abc import Iterator

from django.db.models import QuerySet

from events.auditing.letter_groups import GROUPS, letter_groups
from events.management.table import table
from events.models import DeadLetter

_ERROR_CHARACTERS = 80
_HEAD = ("letters", "group", "exception", "handler", "oldest", "newest", "example", "error")


def letter_table(rows: QuerySet[DeadLetter]) -> Iterator[str]:
    """Yield the lines of a table of the letters; `example` is the newest of its kind."""
    found = letter_groups(rows)
    yield from table(
        _HEAD,
        [
            (
                each.count,
                each.group,
                each.exception,
                each.handler,
                f"{each.oldest:%Y-%m-%d %H:%M:%SZ}",
                f"{each.newest:%Y-%m-%d %H:%M:%SZ}",
                str(each.example),
                each.error.partition("\n")[0][:_ERROR_CHARACTERS],
            )
            for each in found
        ],
    )
    if len(found) == GROUPS:
        yield f"… these are the {GROUPS} largest groups"

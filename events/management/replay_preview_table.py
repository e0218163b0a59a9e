"""A replay's preview as a table for the terminal, with its sums and what to know about it."""

from collections.abc import Iterator

from events.management.replay_words import number
from events.management.table import Cell, table
from events.replaying.preview import LEFT, Preview, PreviewRow

_HEAD = ("topic", "partition", "from", "to", "messages", "removed", "archived", "done")


def preview_table(preview: Preview) -> Iterator[str]:
    """Yield a line for each partition, then what it means in all."""
    names = [name for name in LEFT if (preview.left or {}).get(name)]
    head = (*_HEAD, *(name.replace("_", " ") for name in names), "would run", "beyond")
    yield from table(head, [_cells(row, names) for row in preview.rows])
    if preview.is_counted:
        yield (
            f"At most {number(preview.would_run or 0)} would be run; {number(preview.done or 0)} "
            f"are done already{', and run again' if preview.mode == 'force' else ''}"
            f"{_left(preview)}."
        )
    if preview.removed:
        yield (
            f"{number(preview.removed)} offsets are no longer on Kafka{_archived(preview)} "
            "(--from-archive)."
        )
    if preview.beyond:
        yield (
            f"{number(preview.beyond)} lie beyond: the group has yet to come to them, and does "
            "them itself."
        )
    if preview.note:
        yield preview.note


def _cells(row: PreviewRow, left: list[str]) -> tuple[Cell, ...]:
    return (
        row.topic,
        row.partition,
        row.from_offset,
        row.to_offset,
        row.messages,
        row.removed,
        row.archived,
        row.done,
        *((row.left or {}).get(name) for name in left),
        row.would_run,
        row.beyond,
    )


def _left(preview: Preview) -> str:
    left = sum((preview.left or {}).values())
    if not left or preview.mode == "force":
        return ""
    return f", {number(left)} are left as they are"


def _archived(preview: Preview) -> str:
    if preview.archived is None:
        return ""
    return f"; {number(preview.archived)} of their events are stored"

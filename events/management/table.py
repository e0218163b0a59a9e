"""Tables for the terminal: columns aligned, numbers to the right."""

from collections.abc import Iterator, Sequence

Cell = str | int | None


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Yield the lines of a table; None is shown as a dash. Nothing for no rows."""
    if not rows:
        return
    shown = [[_text(cell) for cell in row] for row in rows]
    columns = list(zip(head, *shown, strict=True))
    widths = [max(map(len, column)) for column in columns]
    are_numbers = [
        all(isinstance(row[number], int | None) for row in rows) for number in range(len(head))
    ]
    for line in [list(head), *shown]:
        cells = (
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(line, widths, are_numbers, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    # What others wrote (an error, a key) must not steer the terminal.
    return "".join(each if each.isprintable() else "\ufffd" for each in str(cell))

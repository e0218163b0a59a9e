"""A figure: what a benchmark measured, beside its peer of the same run; and the table of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One question and its answer.

    `ratio` is ours over the peer's unless the question is of another kind; None where there is no
    peer to compare with. `target` is what the figure should reach, in words (">= 0.5x", "<= 80
    ms"), empty where nothing was promised.
    """

    question: str
    ours: float
    unit: str
    peer: float | None = None
    peer_name: str = ""
    ratio: float | None = None
    target: str = ""


def against(
    question: str, *, ours: float, unit: str, peer: float, peer_name: str, target: str = ""
) -> Figure:
    """Return a figure whose ratio is ours over the peer's."""
    ratio = ours / peer if peer else None
    return Figure(
        question=question,
        ours=ours,
        unit=unit,
        peer=peer,
        peer_name=peer_name,
        ratio=ratio,
        target=target,
    )


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as an aligned Markdown table, which a terminal shows as well."""
    heads = ("question", "ours", "unit", "peer", "its name", "ratio", "target")
    rows = [heads, *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    rule = tuple("-" * width for width in widths)
    return "\n".join(_line(row, widths) for row in [rows[0], rule, *rows[1:]])


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        figure.question,
        number(figure.ours),
        figure.unit,
        "" if figure.peer is None else number(figure.peer),
        figure.peer_name,
        "" if figure.ratio is None else f"{figure.ratio:.2f}x",
        figure.target,
    )


def number(value: float) -> str:
    """Return the value with three or so digits that mean something."""
    if abs(value) >= 100:  # noqa: PLR2004 - from here on decimals say nothing
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"  # noqa: PLR2004 - as above


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"

"""The demo's table: what it tells, in terminals of any width, and where there is no terminal."""

import io
import os
import pty
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from rich.console import Console

from local.demo.living.board import Board, duration, plain
from local.demo.living.display import Display, can_redraw
from local.demo.living.figures import Counts, Figures, Mails, PartState
from local.demo.living.gauge import Reading

T = TypeVar("T")

COUNTS = Counts(
    orders=1_050,
    published=1_047,
    backlog=3,
    parked=0,
    oldest_s=2.14,
    events_by_hand=1,
    sent=1_040,
    sent_by_hand=1,
)
MAILS = Mails(total=1_040, by_hand=1, per_s=0.46)
NOTES = ["10:00:01  relay ended with exit code -9 and was started again"]


def _fresh(value: T) -> Reading[T]:
    return Reading(value=value, silent_s=0.4, is_fresh=True)


def _silent(value: T) -> Reading[T]:
    return Reading(value=value, silent_s=12.3, is_fresh=False)


FIGURES = Figures(
    lived_s=185.0,
    every_s=2.0,
    trouble="",
    counts=_fresh(COUNTS),
    lag={"invoices": _fresh(7)},
    mails=_fresh(MAILS),
    parts=[
        PartState(name="api", condition="up", pid=101, up_s=185),
        PartState(name="relay", condition="up", pid=1_234_567, up_s=12, restarts=2),
        PartState(name="consumer", condition="stopped"),
        PartState(name="kafka", condition="frozen", pid=104, up_s=190),
        PartState(name="postgres", condition="up", pid=105, up_s=190, answers=False),
        PartState(name="valkey", condition="down"),
    ],
    notes=NOTES,
)


def _drawn(figures: Figures, *, width: int, no_color: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=True, no_color=no_color, _environ={"TERM": "xterm"}
    )
    console.print(Board(figures, note_lines=3))
    return out.getvalue()


def _text(figures: Figures, *, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(Board(figures, note_lines=3))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_at_80_columns_numbers_and_parts_stand_side_by_side() -> None:
    assert _text(FIGURES, width=80) == [
        "Living for 3 min; Ctrl-C ends it",
        "orders    1,050, one every 2 s        api          101 up 3 min",
        "published 1,047                       relay    1234567 up 12 s restarted 2x",
        "backlog   3, the oldest 2.1 s         consumer         stopped",
        "lag       invoices 7                  kafka        104 frozen",
        "mails     1,040, 0.5 a second         postgres     105 no answer",
        "by hand   1 event, 1 mail             valkey           down",
        "10:00:01  relay ended with exit code -9 and was started again",
        "",
        "",
    ]


@pytest.mark.parametrize("width", [120, 80, 60, 40, 20])
def test_no_line_is_wider_than_the_terminal_and_the_height_stays(width: int) -> None:
    silent = replace(FIGURES, counts=_silent(COUNTS), mails=_silent(MAILS), notes=NOTES * 3)

    lines, silent_lines = (_text(figures, width=width) for figures in (FIGURES, silent))

    assert max(map(len, lines + silent_lines)) <= width
    assert len(lines) == len(silent_lines)


def test_what_does_not_answer_is_said_so_instead_of_an_old_number() -> None:
    figures = replace(
        FIGURES,
        counts=_silent(COUNTS),
        lag={"invoices": Reading(value=None, silent_s=4.0, is_fresh=False)},
    )

    told = "\n".join(_text(figures, width=80))

    assert told.count("no answer for 12 s") == 4  # orders, published, backlog, by hand
    assert "lag       no answer for 4 s" in told
    assert "1,047" not in told
    assert "mails     1,040" in told


def test_trouble_parked_entries_and_an_empty_outbox_are_told() -> None:
    counts = replace(COUNTS, backlog=0, oldest_s=None, parked=2, events_by_hand=0)
    figures = replace(FIGURES, counts=_fresh(counts), trouble="the API is silent")

    told = plain(figures)

    assert "orders 1,050, the API is silent;" in told
    assert "backlog 0, 2 parked;" in told
    assert "by hand nothing yet;" in told


def test_without_a_terminal_everything_is_one_plain_line() -> None:
    assert plain(FIGURES) == (
        "orders 1,050, one every 2 s; published 1,047; backlog 3, the oldest 2.1 s; "
        "lag invoices 7; mails 1,040, 0.5 a second; by hand 1 event, 1 mail; "
        "api 101 up, relay 1234567 up restarted 2x, consumer stopped, kafka 104 frozen, "
        "postgres 105 no answer, valkey down"
    )


def test_colours_are_there_in_a_terminal_and_gone_with_no_color() -> None:
    assert "\x1b[32m" in _drawn(FIGURES, width=80)
    assert "\x1b[3" not in _drawn(FIGURES, width=80, no_color=True)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.9, "0 s"), (59.9, "59 s"), (60, "1 min"), (7_500, "2 h 05 min"), (100_000, "1 d 3 h")],
)
def test_durations_are_told_roughly(seconds: float, told: str) -> None:
    assert duration(seconds) == told


@pytest.fixture
def terminal() -> Iterator[tuple[Console, int]]:
    reading_end, writing_end = pty.openpty()
    with os.fdopen(writing_end, "w") as file:
        yield Console(file=file, width=80, height=24, _environ={"TERM": "xterm"}), reading_end
    os.close(reading_end)


def _read_table(screen: int) -> str:
    # A terminal hands over what is there, not what was written in one go.
    read = b""
    while not read.endswith(NOTES[-1].encode() + b"\x1b[0m\r\n\r\n"):
        read += os.read(screen, 65_536)
    return read.decode()


def test_in_a_terminal_only_the_table_is_drawn_anew(terminal: tuple[Console, int]) -> None:
    console, screen = terminal

    with Display(console) as display:
        display.show(FIGURES)
        _read_table(screen)
        display.note("is in the table anyway")
        display.show(FIGURES)
        again = _read_table(screen)

    lines = len(_text(FIGURES, width=80))
    assert again.count("\x1b[1A") == lines - 1  # up to where the table begins, no further
    assert "\x1b[2J" not in again
    assert "in the table anyway" not in again


def test_elsewhere_a_note_comes_at_once_and_the_figures_only_now_and_then() -> None:
    out = io.StringIO()

    with Display(Console(file=out, width=80)) as display:
        display.show(FIGURES)
        display.show(FIGURES)
        display.note("consumer is stopped")

    assert out.getvalue().splitlines() == [plain(FIGURES), "consumer is stopped"]


def test_a_pipe_is_no_terminal_even_where_colours_are_forced() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)

    assert not can_redraw(console)


def test_a_dumb_terminal_is_not_drawn_on(terminal: tuple[Console, int]) -> None:
    console, _ = terminal

    assert can_redraw(console)
    assert not can_redraw(Console(file=console.file, _environ={"TERM": "dumb"}))

"""The progress of a replay on a terminal, and where lines stay."""

from io import StringIO
from typing import Any

from events.management.replay_progress import LINE_EVERY_S, ReplayProgress
from events.models import Replay


class Clock:
    """A clock that is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def replay(position: int, *, state: str = "running", **counters: int) -> Replay:
    plan: list[dict[str, Any]] = [
        {
            "topic": "orders",
            "partition": partition,
            "from": 1_000,
            "to": to,
            "first": 0,
            "end": to,
            "committed": None,
        }
        for partition, to in ((0, 101_000), (1, 1_000))
    ]
    return Replay(
        group="stock", plan=plan, positions={"orders:0": position}, counters=counters, state=state
    )


def test_a_terminal_has_one_line_that_is_rewritten() -> None:
    out, clock = StringIO(), Clock()
    progress = ReplayProgress(out, columns=lambda: 200, clock=clock)

    progress.show(replay(1_000))
    for _ in range(30):
        clock.now += 0.5
        progress.show(replay(1_000 + int((clock.now - 100) * 2_000), done=29_000, succeeded=1_000))
    progress.show(replay(31_000, state="paused", failed=2))
    progress.close()

    *lines, last = out.getvalue().split("\x1b[2K")
    assert lines[1] == "[--------------------]   0 %  0 of 100,000\r"
    assert lines[-1] == (
        "[######--------------]  30 %  30,000 of 100,000  2,000/s  35 s left"
        "  run 1,000, done already 29,000\r"
    )
    assert last == "[######--------------]  30 %  30,000 of 100,000  paused  failed 2\r\n"


def test_a_line_is_never_wider_than_the_terminal() -> None:
    out = StringIO()
    progress = ReplayProgress(out, columns=lambda: 40)

    progress.show(replay(50_000, done=49_000))

    assert len(out.getvalue().removeprefix("\x1b[2K").removesuffix("\r")) == 39


def test_elsewhere_a_line_is_written_now_and_then_when_the_state_changes_and_at_the_end() -> None:
    out, clock = StringIO(), Clock()
    progress = ReplayProgress(out, clock=clock)

    for position in range(11):
        progress.show(replay(1_000 + 1_000 * position, done=1_000 * position))
        clock.now += LINE_EVERY_S / 4
    progress.show(replay(13_000, state="paused", done=12_000))
    progress.show(replay(14_000, state="done", done=13_000))
    progress.show(replay(101_000, state="done", done=100_000))
    progress.close()
    progress.close()

    assert out.getvalue().splitlines() == [
        "  0 %  0 of 100,000",
        "  4 %  4,000 of 100,000  800/s  2 min 0 s left  done already 4,000",
        "  8 %  8,000 of 100,000  800/s  1 min 55 s left  done already 8,000",
        " 12 %  12,000 of 100,000  paused  done already 12,000",
        " 13 %  13,000 of 100,000  done  done already 13,000",
        "100 %  100,000 of 100,000  done  done already 100,000",
    ]


def test_a_replay_of_nothing_is_complete() -> None:
    out = StringIO()
    ReplayProgress(out).show(Replay(plan=[], positions={}, counters={}, state="done"))

    assert out.getvalue() == "100 %  0 of 0  done\n"

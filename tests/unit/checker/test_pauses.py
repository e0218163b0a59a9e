"""The longest pause counts only while something waits."""

from dataclasses import replace

import pytest

from tests.checker.examples import call, record
from tests.checker.history import History
from tests.checker.pauses import longest_pause_s


def history(*times: tuple[float, float]) -> History:
    """Records by the times at which they were written and first handled."""
    return History(
        records=tuple(
            replace(record(number), clock=written) for number, (written, _) in enumerate(times)
        ),
        trace=tuple(
            replace(call(number), clock=handled) for number, (_, handled) in enumerate(times)
        ),
    )


@pytest.mark.parametrize(
    ("times", "longest"),
    [
        pytest.param([], 0.0, id="nothing happened"),
        pytest.param([(1, 1.5), (10, 10.25)], 0.5, id="nothing waited in between"),
        pytest.param([(1, 1.5), (2, 10)], 8.0, id="it waited from when it was written"),
        pytest.param([(1, 2), (1, 7), (3, 9)], 5.0, id="it waited all the time"),
        pytest.param([(1, 20), (5, 6)], 14.0, id="an older one waited behind a younger one"),
    ],
)
def test_the_longest_pause(times: list[tuple[float, float]], longest: float) -> None:
    assert longest_pause_s(history(*times)) == longest


def test_a_second_call_ends_a_pause_too() -> None:
    two = history((0, 1), (2, 10))
    again = replace(call(0), clock=6.0)
    assert longest_pause_s(replace(two, trace=(*two.trace, again))) == 4.0

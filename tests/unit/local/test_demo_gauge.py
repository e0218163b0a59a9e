"""A gauge: reads in its own thread, and knows when it does not know."""

import threading
from collections.abc import Callable, Iterator

import pytest

from local.demo.living.gauge import Gauge
from tests.waiting import wait_until

Make = Callable[..., Gauge[int]]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Gauge[int]] = []

    def make(read: Callable[[], int], *, deadline_s: float = 5.0) -> Gauge[int]:
        made.append(Gauge(read, every_s=0.01, deadline_s=deadline_s))
        made[-1].start()
        return made[-1]

    yield make
    for gauge in made:
        gauge.stop()


def test_a_reading_is_unknown_at_first_and_then_the_last_value(make: Make) -> None:
    go = threading.Event()
    numbers = iter(range(1, 1_000_000))

    def read() -> int:
        go.wait(10)
        return next(numbers)

    gauge = make(read)
    assert (gauge.reading().value, gauge.reading().is_fresh) == (None, False)
    go.set()

    wait_until(lambda: (gauge.reading().value or 0) > 5)
    assert gauge.reading().is_fresh


def test_a_read_that_hangs_goes_stale_holds_up_nobody_and_is_left_behind(make: Make) -> None:
    hang, go_on = threading.Event(), threading.Event()

    def read() -> int:
        if hang.is_set():
            go_on.wait(10)
        return 7

    gauge = make(read, deadline_s=0.1)
    wait_until(lambda: gauge.reading().is_fresh)
    hang.set()

    wait_until(lambda: not gauge.reading().is_fresh)
    assert gauge.reading().value == 7
    assert gauge.reading().silent_s >= 0.1
    assert not gauge.stop()
    go_on.set()


def test_a_read_that_fails_is_stale_at_once_and_fresh_when_it_comes_back(make: Make) -> None:
    down = threading.Event()

    def read() -> int:
        if down.is_set():
            raise ConnectionRefusedError
        return 7

    gauge = make(read)
    wait_until(lambda: gauge.reading().is_fresh)
    down.set()
    wait_until(lambda: not gauge.reading().is_fresh)
    down.clear()
    wait_until(lambda: gauge.reading().is_fresh)
    assert gauge.stop()

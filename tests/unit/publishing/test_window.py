"""The window keeps a stuck topic from stopping the others."""

from events.publishing.entry import Entry
from events.publishing.window import Window


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make_window(
    clock: Clock | None = None, *, entries: int = 100, size: int = 1_000_000
) -> Window:
    return Window(entries=entries, size=size, max_backoff_s=30.0, clock=clock or Clock())


def make_entry(sequence: int, *, topic: str = "a", size: int = 100, bucket: int = 0) -> Entry:
    return Entry(
        sequence=sequence,
        topic=topic,
        key=None,
        bucket=bucket,
        attempts=0,
        size=size,
        event_id="id",
        ce_id="id",
        type="thing.happened",
        source="/test",
        subject="",
        content_type="application/json",
        value=b"{}",
        headers=None,
        traceparent="",
        time="",
    )


def prove(window: Window, topic: str) -> None:
    window.add(make_entry(-1, topic=topic))
    window.delivered(topic)
    window.remove([-1])


def fill(window: Window, topic: str, *, start: int = 0) -> int:
    number = 0
    while window.admits(entry := make_entry(start + number, topic=topic)):
        window.add(entry)
        number += 1
    return number


def test_an_unproven_topic_gets_one_entry_at_a_time() -> None:
    window = make_window()
    assert fill(window, "a") == 1
    assert window.room_of("a") == 0
    window.delivered("a")
    assert window.admits(make_entry(2))


def test_stuck_topics_always_leave_room_for_another() -> None:
    window = make_window()
    for topic in "abc":
        prove(window, topic)
    assert [fill(window, topic, start=1_000 * n) for n, topic in enumerate("abc")] == [50, 25, 13]


def test_bytes_bound_the_window_too() -> None:
    window = make_window(size=1_000)
    prove(window, "a")
    assert fill(window, "a") == 5


def test_an_entry_larger_than_the_window_travels_alone() -> None:
    window = make_window(size=1_000)
    prove(window, "a")
    large = make_entry(1, size=5_000)
    assert window.admits(large)
    window.add(large)
    assert not window.admits(make_entry(2))
    window.remove([1])
    assert window.admits(make_entry(2))


def test_a_failing_topic_rests_longer_each_time_and_at_most_the_maximum() -> None:
    clock = Clock()
    window = make_window(clock)
    rests = []
    for _ in range(9):
        window.add(make_entry(1))
        window.failed("a")
        window.failed("a")  # the second one of the same batch counts no more
        window.remove([1])
        before = clock.now
        while not window.admits(make_entry(1)):
            clock.now += 0.5
        rests.append(clock.now - before)
    assert rests == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_delivery_ends_the_rest() -> None:
    clock = Clock()
    window = make_window(clock)
    window.add(make_entry(1))
    window.failed("a")
    window.remove([1])
    clock.now += 0.5
    window.add(make_entry(1))
    window.delivered("a")
    window.remove([1])
    assert window.room_of("a") == 100
    assert fill(window, "a") > 1


def test_what_is_marked_is_no_longer_in_flight() -> None:
    window = make_window()
    window.add(make_entry(1, bucket=7))
    assert (len(window), set(window.sequences), window.buckets) == (1, {1}, {7})
    assert window.remove([1, 1, 2]) == 1
    assert (len(window), window.buckets, window.room_bytes) == (0, set(), 1_000_000)

"""When the relay looks into the outbox."""

from events.publishing.lookout import AGAIN_S, MOST_REST_S, SATURATED_S, Lookout


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(poll_interval_s: float = 1.0) -> tuple[Lookout, Clock]:
    clock = Clock()
    return Lookout(poll_interval_s=poll_interval_s, clock=clock), clock


def wait_s(lookout: Lookout) -> float:
    return round(lookout.wait_s(is_saturated=False), 6)


def test_the_first_look_is_at_once_and_an_idle_one_waits_the_poll_interval() -> None:
    lookout, _ = make()
    assert wait_s(lookout) == 0
    lookout.looked(took_s=0.0, found=0, limit=10, is_more=False)
    assert wait_s(lookout) == 1.0


def test_a_call_is_answered_at_once_and_once_more_when_calls_may_have_been_left_out() -> None:
    lookout, clock = make()
    lookout.looked(took_s=0.0, found=0, limit=10, is_more=False)
    lookout.wake()
    assert wait_s(lookout) == 0
    lookout.looked(took_s=0.0, found=0, limit=10, is_more=False)
    assert wait_s(lookout) == round(AGAIN_S, 6)
    clock.now += AGAIN_S
    lookout.looked(took_s=0.0, found=0, limit=10, is_more=False)
    assert wait_s(lookout) == 1.0


def test_a_full_look_is_followed_by_the_next() -> None:
    lookout, _ = make()
    lookout.looked(took_s=0.5, found=10, limit=10, is_more=True)
    assert wait_s(lookout) == 0


def test_a_saturated_window_is_not_read_past_in_a_hurry() -> None:
    lookout, _ = make()
    lookout.looked(took_s=0.0, found=10, limit=10, is_more=True)
    assert lookout.wait_s(is_saturated=True) == SATURATED_S


def test_long_looks_that_find_little_take_a_fifth_of_the_time() -> None:
    lookout, _ = make()
    lookout.looked(took_s=0.5, found=1, limit=10, is_more=False)
    lookout.wake()
    assert wait_s(lookout) == 2.0


def test_a_look_at_a_server_that_stood_still_is_no_reason_to_rest_long() -> None:
    lookout, _ = make()
    lookout.looked(took_s=14.0, found=1, limit=10, is_more=False)
    lookout.wake()
    assert wait_s(lookout) == MOST_REST_S

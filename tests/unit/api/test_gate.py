"""The gate: shut while the backlog is too old, asked about once a second."""

import pytest

from events.api.problems import Problem
from events.api.publishing.gate import CHECK_EVERY_S, Gate

LIMIT_S = 60.0


class Backlog:
    """An age, a clock, and how often somebody asked."""

    def __init__(self) -> None:
        self.age_s: float | None = None
        self.now = 100.0
        self.asked = 0
        self.gate = Gate(self._age_s, clock=lambda: self.now)

    def _age_s(self) -> float | None:
        self.asked += 1
        return self.age_s

    def is_open(self) -> bool:
        try:
            self.gate.refuse_if_behind(limit_s=LIMIT_S)
        except Problem:
            return False
        return True


@pytest.mark.parametrize(
    ("age_s", "is_open"), [(None, True), (0.0, True), (60.0, True), (60.1, False)]
)
def test_only_a_backlog_older_than_the_limit_shuts_it(age_s: float | None, is_open: bool) -> None:
    backlog = Backlog()
    backlog.age_s = age_s
    assert backlog.is_open() is is_open


def test_who_is_refused_is_told_when_to_come_back() -> None:
    backlog = Backlog()
    backlog.age_s = 61.0
    with pytest.raises(Problem) as refusal:
        backlog.gate.refuse_if_behind(limit_s=LIMIT_S)
    assert (refusal.value.kind.status, refusal.value.kind.code) == (503, "backlog-too-old")
    assert refusal.value.headers["Retry-After"] == "5"


def test_it_asks_once_a_second_however_many_come() -> None:
    backlog = Backlog()
    assert all(backlog.is_open() for _ in range(100))
    assert backlog.asked == 1
    backlog.now += CHECK_EVERY_S
    backlog.is_open()
    assert backlog.asked == 2


def test_it_opens_a_second_after_the_relay_has_caught_up() -> None:
    backlog = Backlog()
    backlog.age_s = 61.0
    assert not backlog.is_open()
    backlog.age_s = 1.0
    assert not backlog.is_open()
    backlog.now += CHECK_EVERY_S
    assert backlog.is_open()


def test_a_question_that_fails_is_asked_again_a_second_later() -> None:
    now = [0.0]
    answers: list[float | Exception] = [OSError("away"), 61.0]

    def age_s() -> float:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    gate = Gate(age_s, clock=lambda: now[0])
    with pytest.raises(OSError, match="away"):
        gate.refuse_if_behind(limit_s=LIMIT_S)
    gate.refuse_if_behind(limit_s=LIMIT_S)
    now[0] += CHECK_EVERY_S
    with pytest.raises(Problem):
        gate.refuse_if_behind(limit_s=LIMIT_S)

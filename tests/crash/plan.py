"""Plan: how much is to be broken, under which load, by which chance."""

import random
from collections.abc import Callable
from dataclasses import dataclass

KILL, FREEZE, RESTART, FLUSH = "kill", "freeze", "restart", "flush"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One row of the table of chances: what is done to whom, and how often beside the others."""

    target: str
    kind: str
    weight: float


# A kill of a Python process costs a second of CPU or two until it is back: what starts quickly is
# killed more often than what does not.
CHOICES = (
    Choice(target="web", kind=KILL, weight=3),
    Choice(target="web master", kind=KILL, weight=2),
    Choice(target="web worker", kind=KILL, weight=8),
    Choice(target="web", kind=FREEZE, weight=3),
    Choice(target="web", kind=RESTART, weight=1),
    *(
        Choice(target=f"{name} {number}", kind=kind, weight=weight / 2)
        for name, weights in {
            "relay": {KILL: 16, FREEZE: 4, RESTART: 2},
            "consumer": {KILL: 16, FREEZE: 4, RESTART: 2},
            "invoices": {KILL: 12, FREEZE: 3, RESTART: 1},
        }.items()
        for kind, weight in weights.items()
        for number in (1, 2)
    ),
    Choice(target="kafka", kind=KILL, weight=3),
    Choice(target="kafka", kind=FREEZE, weight=2),
    Choice(target="kafka", kind=RESTART, weight=1),
    Choice(target="postgres", kind=KILL, weight=6),
    Choice(target="postgres", kind=FREEZE, weight=2),
    Choice(target="postgres", kind=RESTART, weight=2),
    Choice(target="valkey", kind=KILL, weight=8),
    Choice(target="valkey", kind=FREEZE, weight=2),
    Choice(target="valkey", kind=RESTART, weight=1),
    Choice(target="valkey", kind=FLUSH, weight=1),
    Choice(target="smtp", kind=KILL, weight=6),
    Choice(target="smtp", kind=FREEZE, weight=2),
    Choice(target="smtp", kind=RESTART, weight=1),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run. Times are seconds."""

    kills: int
    seed: int
    events_per_s: float = 200.0
    orders_per_s: float = 2.0
    keys: int = 1_000
    choices: tuple[Choice, ...] = CHOICES
    pause_s: tuple[float, float] = (0.7, 2.1)  # between two faults
    freeze_s: tuple[float, float] = (0.5, 8.0)
    down_s: tuple[float, float] = (0.0, 2.0)  # a killed service stays away for so long
    at_once: int = 4  # faults that overlap
    calm_every: int = 100  # kills, then it is measured how long recovery takes
    back_within_s: float = 90.0
    drained_within_s: float = 180.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Draw:
    """What chance wants next."""

    choice: Choice
    pause_s: float
    lasts_s: float
    coin: bool


class Chance:
    """A plan's chance: the same draws for the same seed, whatever the machine does meanwhile."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)  # noqa: S311 - repeatable on purpose

    def next(self, is_free: Callable[[Choice], bool]) -> Draw | None:
        """Return the next draw that can be done now; what cannot is dropped."""
        if not any(map(is_free, self._plan.choices)):
            return None
        while not is_free((draw := self._draw()).choice):
            pass
        return draw

    def _draw(self) -> Draw:
        choices = self._plan.choices
        [choice] = self._random.choices(choices, [each.weight for each in choices])
        lasts_s = self._plan.freeze_s if choice.kind == FREEZE else self._plan.down_s
        return Draw(
            choice=choice,
            pause_s=self._random.uniform(*self._plan.pause_s),
            lasts_s=self._random.uniform(*lasts_s),
            coin=self._random.random() < 0.5,
        )

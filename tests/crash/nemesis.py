"""Nemesis: harms whom chance chooses, several at once, and waits for each to come back."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from local.errors import LocalError
from tests.crash.plan import KILL, Chance, Choice, Draw, Plan
from tests.crash.targets import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One harm done; `back_after_s` is None where the target did not come back."""

    target: str
    kind: str
    at_s: float
    back_after_s: float | None
    trouble: str = ""


class Harm:
    """One harm under way, in a thread of its own."""

    def __init__(
        self, draw: Draw, *, target: Target, hurry: threading.Event, within_s: float, at_s: float
    ) -> None:
        self.target = target
        self.fault: Fault | None = None  # once it has ended
        self._draw = draw
        self._hurry = hurry
        self._within_s = within_s
        self._at_s = at_s
        self._is_inflicted = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"harm {target.name}", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """Whether the target is back, or was given up."""
        return not self._thread.is_alive()

    def wait_inflicted(self, timeout_s: float) -> None:
        """Wait until nothing more is done to the target."""
        self._is_inflicted.wait(timeout_s)

    def wait_over(self, timeout_s: float) -> None:
        """Wait until the target is back, or was given up."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        back_after_s, trouble = None, ""
        try:
            over = self.target.harm(self._draw, hurry=self._hurry)
            self._is_inflicted.set()
            if self.target.wait_back(self._within_s):
                back_after_s = time.monotonic() - over
            else:
                trouble = f"not back within {self._within_s:g} s"
        except (LocalError, OSError) as error:
            trouble = str(error)
        finally:
            self._is_inflicted.set()
        self.fault = Fault(
            target=self.target.name,
            kind=self._draw.choice.kind,
            at_s=self._at_s,
            back_after_s=back_after_s,
            trouble=trouble,
        )


class Nemesis:
    """Does one harm after the other; whoever is not back yet is left alone, the others are not."""

    def __init__(self, targets: Sequence[Target], *, plan: Plan) -> None:
        self._targets = {each.name: each for each in targets}
        self._plan = plan
        self._chance = Chance(plan)
        self._open: list[Harm] = []
        self._ended: list[Fault] = []
        self._hurry = threading.Event()
        self._began = time.monotonic()
        self.kills = 0

    @property
    def open(self) -> int:
        """How many targets are not back yet."""
        return len(self._open)

    @property
    def faults(self) -> list[Fault]:
        """What is over, in the order of its end."""
        return list(self._ended)

    def run(self, stop: threading.Event, *, until_kills: int, on_step: Callable[[], None]) -> None:
        """Harm until so many were killed in all, or until `stop` is set."""
        while not stop.is_set() and self.kills < until_kills:
            stop.wait(self.run_once())
            on_step()

    def run_once(self) -> float:
        """Do one harm if there may be one more; return how long to rest."""
        self._collect()
        draw = None
        if len(self._open) < self._plan.at_once:
            draw = self._chance.next(self._is_free)
        if draw is None:
            return self._plan.pause_s[0]
        self.kills += draw.choice.kind == KILL
        self._open.append(
            Harm(
                draw,
                target=self._targets[draw.choice.target],
                hurry=self._hurry,
                within_s=self._plan.back_within_s,
                at_s=time.monotonic() - self._began,
            )
        )
        return draw.pause_s

    def end_harms(self) -> None:
        """End every freeze and outage now; return when nothing more is done to anybody."""
        self._hurry.set()
        for harm in self._open:
            harm.wait_inflicted(self._plan.back_within_s)
        self._hurry = threading.Event()

    def wait_all_back(self) -> None:
        """Wait until everybody is back, or was given up."""
        for harm in self._open:
            harm.wait_over(2 * self._plan.back_within_s)
        self._collect()

    def _is_free(self, choice: Choice) -> bool:
        body = self._targets[choice.target].body
        return all(harm.target.body != body for harm in self._open)

    def _collect(self) -> None:
        self._ended += [harm.fault for harm in self._open if harm.is_over and harm.fault]
        self._open = [harm for harm in self._open if not harm.is_over]

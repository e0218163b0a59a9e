"""One crash run: load, faults, calms, and the verdict on what is left."""

import gc
import threading
import time
from dataclasses import replace

import psycopg

from local.demo.screen import Screen
from local.mail import Mail
from tests.checker.history import Received
from tests.crash.arena import Arena
from tests.crash.nemesis import Nemesis
from tests.crash.plan import Plan
from tests.crash.snapshot import snapshot
from tests.crash.verdict import Run, Verdict


class CrashRun:
    """Runs once. Stopped early it still drains what there is and judges it."""

    def __init__(self, arena: Arena, *, plan: Plan, screen: Screen, command: str = "") -> None:
        self._arena = arena
        self._plan = plan
        self._screen = screen
        self._command = command
        self._drained_after_s: list[float] = []
        self._troubles: list[str] = []
        self._load_s = 0.0

    def run(self, stop: threading.Event) -> Verdict:
        """Harm until the plan's kills are done or `stop` is set; return what it came to."""
        began = time.monotonic()
        with self._screen.step("Starting two of each, and the load"):
            self._arena.start()
        nemesis = Nemesis(self._arena.targets, plan=self._plan)
        with self._screen.step(f"Killing {self._plan.kills} times, freezing and restarting"):
            while nemesis.kills < self._plan.kills and not stop.is_set():
                self._storm(nemesis, stop)
                self._calm(nemesis)
        with self._screen.step("Stopping the processes"):
            self._arena.end_processes()
        run = Run(
            seed=self._plan.seed,
            command=self._command,
            duration_s=time.monotonic() - began,
            load_s=self._load_s,
            is_interrupted=stop.is_set(),
            faults=tuple(nemesis.faults),
            drained_after_s=tuple(self._drained_after_s),
            load=self._arena.load.status(),
            troubles=tuple(self._troubles),
        )
        with self._screen.step("Collecting what is left, and checking it"):
            return self._judged(run)

    def _storm(self, nemesis: Nemesis, stop: threading.Event) -> None:
        """Harm under load until the next calm."""
        if self._arena.load.is_paused:
            self._arena.load.resume()
        began = time.monotonic()
        until = min(self._plan.kills, nemesis.kills + self._plan.calm_every)
        nemesis.run(stop, until_kills=until, on_step=lambda: self._tell(nemesis))
        self._load_s += time.monotonic() - began

    def _calm(self, nemesis: Nemesis) -> None:
        """End all harm and the load, and measure how long it takes until everything is done."""
        self._screen.say("calm: no more harm, no more load; waiting for backlog 0 and lag 0")
        nemesis.end_harms()
        began = time.monotonic()
        self._arena.pulse.is_calm = True
        within_s = self._plan.drained_within_s
        if not self._arena.load.pause(timeout_s=within_s):
            self._troubles.append(f"requests were still in hand after {within_s:g} s of calm")
        try:
            self._arena.system.wait_until_recovered(timeout_s=within_s)
        except (AssertionError, psycopg.Error) as error:
            self._troubles += [f"not drained: {error}", *snapshot(self._arena.system)]
        self._drained_after_s.append(time.monotonic() - began)
        self._screen.say(f"calm: drained after {self._drained_after_s[-1]:.1f} s")
        nemesis.wait_all_back()
        self._arena.pulse.is_calm = False

    def _tell(self, nemesis: Nemesis) -> None:
        arena = self._arena
        if not arena.load.is_alive:
            raise AssertionError(f"the client died: {arena.load.log}")
        status, watch = arena.load.status(), arena.watch
        self._screen.count(
            f"kills {nemesis.kills}/{self._plan.kills}, not back yet {nemesis.open} | "
            f"accepted {status.events} events, {status.orders} orders | "
            f"backlog {watch.backlog}, lag {watch.lag}, mails {watch.mails}"
        )

    def _judged(self, run: Run) -> Verdict:
        gc.disable()  # millions of rows without a cycle: looking at them again costs minutes
        system = self._arena.system
        mails = [_received(each) for each in system.stack.smtp.mails()]
        history = system.history(mails=mails)
        worst_s = max(run.drained_after_s, default=None)
        return Verdict(run, replace(history, recovered_after_s=worst_s))


def _received(mail: Mail) -> Received:
    # <invoice.ORDER@DOMAIN>: the PDF's name says the same, but five thousand mails are to be read.
    local_part = mail.message_id.strip("<>").rpartition("@")[0]
    return Received(
        order_id=local_part.removeprefix("invoice."),
        message_id=mail.message_id,
        sha256=mail.sha256,
    )

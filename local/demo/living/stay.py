"""The demo stays up: orders flow, the table tells, and other shells may meddle, until Ctrl-C."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

from local.demo.living.board import plain
from local.demo.living.control import Control, Refused
from local.demo.living.display import Display
from local.demo.living.figures import Figures, PartState
from local.demo.living.gauge import Gauge
from local.demo.living.gauges import Gauges
from local.demo.living.notes import Notes
from local.demo.living.parts import Part, ProcessPart, ServicePart
from local.demo.living.traffic import Traffic
from local.demo.living.tries import addresses, tries, write_files
from local.demo.orders import Order, endless_orders, new_run, order_by_hand
from local.demo.screen import Screen
from local.demo.stage import Stage

_SHOW_EVERY_S = 0.5


def stay(stage: Stage, *, screen: Screen) -> None:
    """Tell where everything is and what to try, then live until an exception ends it."""
    run = new_run()
    by_hand = order_by_hand(run)
    _tell(stage, by_hand, screen=screen)
    tick = threading.Event()
    with ExitStack() as at_end:
        display = at_end.enter_context(Display(screen.console))
        notes = Notes(display.note)
        at_end.enter_context(screen.saying(notes.add))
        living = at_end.enter_context(Living(stage, run=run, by_hand=by_hand, notes=notes))
        while not tick.wait(_SHOW_EVERY_S):
            display.show(living.figures())


class Living:
    """A context manager: inside, orders flow, figures are read, and died services come back."""

    def __init__(self, stage: Stage, *, run: str, by_hand: Order, notes: Notes) -> None:
        self._stage = stage
        self._notes = notes
        self._began = time.monotonic()
        self._traffic = Traffic(stage.client(), endless_orders(run))
        self._gauges = Gauges(stage, by_hand=by_hand)
        self._services = [ServicePart(each, say=notes.add) for each in stage.stack.services]
        processes = [
            ProcessPart(each, supervisor=stage.supervisor)
            for each in (stage.api, stage.relay, stage.consumer, stage.start_replays())
        ]
        # Asked in threads of their own: a Docker engine may be slow to tell.
        self._states = {
            part.name: Gauge(part.state, every_s=_SHOW_EVERY_S) for part in self._services
        }
        self._parts: Mapping[str, Part] = {
            part.name: part for part in (*processes, *self._services)
        }

    def __enter__(self) -> Self:
        self._control = Control(self._stage.state.control, self.obey)
        self._gauges.start()
        for state in self._states.values():
            state.start()
        self._traffic.start()
        for service in self._services:
            service.watch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._control.close()
        self._traffic.stop()
        for service in self._services:
            service.leave()
        for state in self._states.values():
            state.stop()
        self._gauges.stop()

    def figures(self) -> Figures:
        """Everything as it is now; waits for nobody."""
        return Figures(
            lived_s=time.monotonic() - self._began,
            every_s=self._traffic.every_s,
            trouble=self._traffic.trouble,
            counts=self._gauges.counts(),
            lag=self._gauges.lag(),
            mails=self._gauges.mails(),
            parts=[self._state(part) for part in self._parts.values()],
            notes=self._notes.last(),
        )

    def obey(self, do: str, name: str) -> str:
        """Do what another shell asks for; returns what to tell there. Raises LocalError."""
        if do == "status":
            return plain(self.figures())
        part = self._parts.get(name)
        if part is None:
            raise Refused(f"there is no {name!r} here, only {', '.join(self._parts)}")
        match do:
            case "stop":
                part.stop()
                done = f"{name} is stopped until it is told to start"
            case "start":
                part.start()
                done = f"{name} is started"
            case "kill":
                done = f"{name} (process {part.kill()}) was killed; it is started again by itself"
            case _:
                raise Refused(f"nobody here knows how to {do}")
        self._notes.add(done)
        return done

    def _state(self, part: Part) -> PartState:
        gauge = self._states.get(part.name)
        if gauge is None:
            return part.state()
        reading = gauge.reading()
        known = reading.value or PartState(name=part.name, condition="up")
        return replace(known, answers=reading.is_fresh and self._gauges.answers(part.name))


def _tell(stage: Stage, by_hand: Order, *, screen: Screen) -> None:
    state = stage.state
    environment = {**stage.stack.environment, "SECRET_KEY": stage.environment["SECRET_KEY"]}
    write_files(state, account=stage.account, order=by_hand, environment=environment)
    screen.line()
    for line in addresses(stage, order=by_hand):
        screen.line(line)
    screen.line()
    screen.line("Try this in another terminal, in this directory:", style="bold")
    for number, (title, commands) in enumerate(tries(state, port=stage.port), start=1):
        screen.line(f"{number}. {title}")
        for command in commands:
            screen.line(f"     {command}")
    screen.line()

"""A topic of two partitions, a handler that fails as it is told, and replays of its group."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Group

from events.consuming.subscriptions import unsubscribe
from events.models import Consumption, Replay
from events.operating.operator import Operator
from events.operating.replays import Replaying
from events.replaying.process import ReplayProcess
from events.replaying.request import ReplayRequest
from tests.integration.consuming.failing.conftest import (  # noqa: F401 - fixtures
    TYPE,
    Handler,
    consume,
    declare,
    handler,
    member,
    send,
    topic,
)

ANN = Operator(name="ann", reason="the price list was wrong", origin="a test")


@dataclass(kw_only=True)
class Numbers:
    """A group that handles numbers, and its replays."""

    topic: str
    handler: Handler
    declare: Callable[..., None]
    send: Callable[..., None]
    consume: Callable[..., Any]
    member: Callable[..., None]
    settings: Callable[..., Any]

    def undeclare(self) -> None:
        """Be a group without a handler."""
        unsubscribe(self.topic, group=self.topic, type=TYPE)

    def ask(self, **request: Any) -> Replay:
        """Ask for a replay."""
        return Replaying(ReplayRequest(group=self.topic, **request)).carry_out(by=ANN)

    def process(self, replay: Replay, **settings: Any) -> ReplayProcess:
        """What runs it, and lets it go when it is paused."""
        return ReplayProcess(
            replay.pk, settings=self.settings(**settings), waits_while_paused=False
        )

    def run(self, replay: Replay, *, code: int = 0, **settings: Any) -> Replay:
        """Run a replay in this thread until it is over or paused; returns its row."""
        assert self.process(replay, **settings).run(threading.Event()) == code
        replay.refresh_from_db()
        return replay

    def replay(self, **request: Any) -> Replay:
        """Ask for a replay and run it."""
        return self.run(self.ask(**request))

    def forget(self, *numbers: int) -> None:
        """Make the group one that never had these numbers."""
        keys = [f"thing:{each}" for each in numbers]
        Consumption.objects.filter(group=self.topic, dedupe_key__in=keys).delete()
        names = [f"{self.topic} {each}" for each in numbers]
        Group.objects.filter(name__in=names).delete()
        self.handler.calls.clear()


@pytest.fixture
def numbers(topic: str, handler: Handler, declare: Any, consume: Any, request: Any) -> Numbers:  # noqa: F811
    """The group, with nothing declared yet."""
    return Numbers(
        topic=topic,
        handler=handler,
        declare=declare,
        send=request.getfixturevalue("send"),
        consume=consume,
        member=request.getfixturevalue("member"),
        settings=request.getfixturevalue("waybill_settings"),
    )


def counted(replay: Replay) -> dict[str, int]:
    """The counters that are not zero."""
    return {name: count for name, count in replay.counters.items() if count}

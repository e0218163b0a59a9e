"""The relays and raw reads of the publishing tests, and a group with one subscription."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from tests.conftest import MakeTopic
from tests.integration.operating.failed_rows import TYPE
from tests.integration.publishing.conftest import make_relay, read_topic

__all__ = ["make_relay", "read_topic"]

READING = ("deadletters", "replays")  # they want no reason

Command = Callable[..., str]


def handle(event: ReceivedEvent) -> None:
    """Take the event, to no effect."""


@pytest.fixture
def group(make_topic: MakeTopic) -> Iterator[str]:
    """A group that subscribes to a topic of its own name, which is not on Kafka."""
    name = make_topic(TYPE, create=False)
    subscribe(name, group=name, type=TYPE, dedupe_key="thing:{n}")(handle)
    yield name
    unsubscribe(name, group=name, type=TYPE)


@pytest.fixture
def command() -> Command:
    """Run a command as ada and return all that it says."""

    def run(name: str, *words: object, **options: Any) -> str:
        out = StringIO()
        if name not in READING and "--reason" not in words:
            options = {"reason": "mended", "by": "ada", **options}
        call_command(name, *map(str, words), **{"stdout": out, "stderr": out, **options})
        return out.getvalue()

    return run

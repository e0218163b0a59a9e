"""The kit as a project loads it, and handlers declared for one test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from events.consuming.subscriptions import subscribe, unsubscribe
from events.retry import RetryPolicy

FAST = RetryPolicy(max_attempts=3, initial_s=0.05, jitter=0)
Declare = Callable[..., None]


@pytest.fixture
def declare() -> Iterator[Declare]:
    """Subscribe a handler to a topic, as a group of the topic's name, for as long as the test."""
    declared: list[tuple[str, str, str]] = []

    def declare(topic: str, handler: Callable[[Any], None], **options: Any) -> None:
        options = {"group": topic, "type": "thing.happened", "retry": FAST, **options}
        subscribe(topic, **options)(handler)
        declared.append((topic, options["group"], options["type"]))

    yield declare
    for topic, group, type_name in declared:
        unsubscribe(topic, group=group, type=type_name)

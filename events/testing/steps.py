"""Steps: the places at which a process of the kit can die, and where in the product they lie."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import GeneratorType
from typing import Any, Literal

from events.testing.life import current_life

Counts = Callable[[tuple[Any, ...], Any], bool]


def _always(_args: tuple[Any, ...], _result: Any) -> bool:
    return True


def _with_argument(args: tuple[Any, ...], _result: Any) -> bool:
    return bool(args[1])


def _with_result(_args: tuple[Any, ...], result: Any) -> bool:
    return bool(result)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Before or after a method of the product, if `counts` says so of its arguments and result.

    `around` a method that is given a function: the step is when that has returned.
    """

    meaning: str
    method: str  # module:Class.method
    when: Literal["before", "after", "around"] = "after"
    counts: Counts = _always


# What `crash_at` takes. The order is that of a message's way.
STEPS = {
    "relay.produced": Step(
        meaning="Kafka confirmed the records, the outbox does not know: copies will follow",
        method="events.publishing.entries:Entries.exchange",
        when="before",
        counts=_with_argument,
    ),
    "relay.marked": Step(
        meaning="the publications are written and the outbox entries gone",
        method="events.publishing.entries:Entries.exchange",
        counts=_with_argument,
    ),
    "polled": Step(
        meaning="messages were fetched, nothing was done with them",
        method="events.kafka.consumer:KafkaConsumer.fetch",
        counts=_with_result,
    ),
    "checked": Step(
        meaning="Redis was asked whether they are done already",
        method="events.consuming.dedupe:DedupeCache.done_by",
        counts=_with_argument,
    ),
    "claimed": Step(
        meaning="the ledger rows are inserted: committed for an external effect, else not yet",
        method="events.consuming.ledger:Ledger.insert",
        counts=_with_result,
    ),
    "handler_called": Step(
        meaning="the handler is about to run",
        method="events.consuming.progress:Progress.message_began",
    ),
    "effect_began": Step(
        meaning="begin_effect() committed what a resend needs, the effect was not performed",
        method="events.event:ReceivedEvent.begin_effect",
    ),
    "effect_performed": Step(
        meaning="the action given to perform() returned, the ledger does not know",
        method="events.event:ReceivedEvent.perform",
        when="around",
    ),
    "handler": Step(
        meaning="the handler returned or raised, nothing it wrote to the database is committed",
        method="events.consuming.progress:Progress.message_ended",
        when="before",
    ),
    "committed": Step(
        meaning="effect and ledger row are committed, Redis and Kafka do not know",
        method="events.consuming.dedupe:DedupeCache.mark",
        when="before",
        counts=_with_argument,
    ),
    "marked": Step(
        meaning="Redis knows as well, the offset is not committed",
        method="events.consuming.dedupe:DedupeCache.mark",
        counts=_with_argument,
    ),
    "offset_committed": Step(
        meaning="Kafka took the offset",
        method="events.kafka.commits:Commits.on_commit",
        counts=lambda args, _: args[1] is None,
    ),
}


@contextmanager
def watched() -> Iterator[None]:
    """Have the lives of this process told which steps they reach; the product is as it was after.

    Threads that belong to no life pass every step as if it were not there.
    """
    originals: list[tuple[type, str, Any]] = []
    try:
        for name, step in STEPS.items():
            module, _, path = step.method.partition(":")
            owner_name, _, method_name = path.partition(".")
            owner = getattr(import_module(module), owner_name)
            originals.append((owner, method_name, owner.__dict__[method_name]))
            setattr(owner, method_name, _wrapped(owner.__dict__[method_name], name, step))
        yield
    finally:
        for owner, method_name, original in reversed(originals):
            setattr(owner, method_name, original)


def _wrapped(method: Callable[..., Any], name: str, step: Step) -> Callable[..., Any]:
    if step.when == "around":
        return _around(method, name)

    @functools.wraps(method)
    def wrapped(*given: Any, **options: Any) -> Any:
        # A generator can be looked at once only.
        args = tuple(list(each) if isinstance(each, GeneratorType) else each for each in given)
        if step.when == "before" and step.counts(args, None):
            _reached(name)
        result = method(*args, **options)
        if step.when == "after" and step.counts(args, result):
            _reached(name)
        return result

    return wrapped


def _around(method: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapped(owner: Any, action: Callable[[Any], object], **options: Any) -> Any:
        def watched_action(given: Any) -> object:
            result = action(given)
            _reached(name)
            return result

        return method(owner, watched_action, **options)

    return wrapped


def _reached(name: str) -> None:
    life = current_life()
    if life is not None:
        life.reached(name)

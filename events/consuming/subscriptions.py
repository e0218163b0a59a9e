"""Subscriptions: which handler of which group gets which events, declared beside the handler."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from events.errors import Misconfigured
from events.event import ReceivedEvent
from events.retry import RetryPolicy

Handler = Callable[[ReceivedEvent], None]
BatchHandler = Callable[[Sequence[ReceivedEvent]], None]
H = TypeVar("H", bound=Callable[[Any], None])  # a Handler, or a BatchHandler with `batch`
ExceptionType = type[Exception]
DedupeKey = str | Callable[[ReceivedEvent], str]

GROUP_NAME = re.compile(r"[A-Za-z0-9._-]{1,255}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """What a handler's declaration says.

    effect: "database" (the default) commits the handler's writes to the default database and the
        ledger row in one transaction, exactly once; the handler may run more than once, only those
        writes count. "external" is for what a transaction cannot undo (an e-mail): the handler
        prepares and calls `event.perform()`.
    dedupe_key: a template over the payload (`"notification:invoices:{order_id}"`, dots reach
        inside) or a function of the event; by default `{group}:{source}/{id}`. One effect per
        group and key, for ever.
    ttl_s: how long Redis remembers, in seconds; the ledger always does.
    retry: the policy for failures, by default the setting `retry`.
    on_unknown: "resend" or "hold" an external effect that began and whose end nobody knows.
    on_delete: called for a tombstone (null value) instead of the handler; without it the skip is
        recorded.
    deadline_s: a handler that runs longer ends its process (exit code 2); the message comes again
        and the attempt counts. By default `handler_deadline_s`.
    retry_on: policies of their own for exceptions by type; the most special type decides.
    on_exhausted: "dead_letter" (the default) sets aside a message that failed for good, and its
        key goes on; "quarantine" closes its key as well: what follows is held in order until
        people release it.
    rate: messages of the whole group at most, as units in a time ("100/1s").
    batch: the handler takes a sequence of events, in the order of each partition, and writes their
        effects with few statements (database effects only). If it raises, everything is rolled
        back and it is called again with fewer events, at last with one, which is where attempts
        are counted.
    """

    group: str
    topic: str
    type: str
    handler: Any
    effect: Literal["database", "external"] = "database"
    dedupe_key: DedupeKey | None = None
    ttl_s: float | None = None
    retry: RetryPolicy | None = None
    on_unknown: Literal["resend", "hold"] = "resend"
    on_delete: Handler | None = None
    deadline_s: float | None = None
    batch: bool = False
    retry_on: Mapping[ExceptionType, RetryPolicy] = field(default_factory=dict, hash=False)
    on_exhausted: Literal["dead_letter", "quarantine"] = "dead_letter"
    rate: str | None = None
    name: str = field(default="")

    def __post_init__(self) -> None:
        if not GROUP_NAME.fullmatch(self.group):
            raise Misconfigured(
                f"group {self.group!r} is no legal name: letters, digits, '.', '_', '-'"
            )
        if self.effect not in {"database", "external"}:
            raise Misconfigured(f'effect {self.effect!r} is neither "database" nor "external"')
        if self.batch and self.effect == "external":
            raise Misconfigured("external effects are done one by one, not in a batch")


_subscriptions: dict[tuple[str, str, str], Subscription] = {}


def subscribe(
    topic: str,
    *,
    group: str,
    type: str,  # noqa: A002 - CloudEvents' own name
    effect: Literal["database", "external"] = "database",
    dedupe_key: DedupeKey | None = None,
    ttl_s: float | None = None,
    retry: RetryPolicy | None = None,
    on_unknown: Literal["resend", "hold"] = "resend",
    on_delete: Handler | None = None,
    deadline_s: float | None = None,
    batch: bool = False,
    retry_on: Mapping[ExceptionType, RetryPolicy] | None = None,
    on_exhausted: Literal["dead_letter", "quarantine"] = "dead_letter",
    rate: str | None = None,
) -> Callable[[H], H]:
    """Declare that `group` handles events of `type` on `topic` with the decorated function.

    The options: see Subscription. Raises Misconfigured for a second handler or an illegal name.
    """

    def declare(handler: H) -> H:
        subscription = Subscription(
            group=group,
            topic=topic,
            type=type,
            handler=handler,
            effect=effect,
            dedupe_key=dedupe_key,
            ttl_s=ttl_s,
            retry=retry,
            on_unknown=on_unknown,
            on_delete=on_delete,
            deadline_s=deadline_s,
            batch=batch,
            retry_on=dict(retry_on or {}),
            on_exhausted=on_exhausted,
            rate=rate,
            name=f"{handler.__module__}.{handler.__qualname__}",
        )
        if _subscriptions.setdefault((group, topic, type), subscription) != subscription:
            raise Misconfigured(f"group {group!r} already handles {type!r} on {topic!r}")
        return handler

    return declare


def unsubscribe(topic: str, *, group: str, type: str) -> None:  # noqa: A002 - as subscribe
    """Undo a declaration (for tests)."""
    _subscriptions.pop((group, topic, type), None)


def subscriptions(group: str | None = None) -> Iterator[Subscription]:
    """Yield the declared subscriptions, of one group or of all."""
    for subscription in tuple(_subscriptions.values()):
        if group is None or subscription.group == group:
            yield subscription


def groups() -> list[str]:
    """Return the names of all groups that subscribe to something."""
    return sorted({subscription.group for subscription in subscriptions()})

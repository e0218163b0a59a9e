"""Points: the names of FAULTS.md and where in the product they lie."""

import functools
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from tests.failpoints.firing import Failpoint

Counts = Callable[[tuple[Any, ...], Any], bool]


def _always(_args: tuple[Any, ...], _result: Any) -> bool:
    return True


def _with_result(_args: tuple[Any, ...], result: Any) -> bool:
    return bool(result)


def _with_argument(args: tuple[Any, ...], _result: Any) -> bool:
    return bool(args[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """Before or after a method, or a function of the module where `owner` is empty.

    `raised` is after a call that raised. `counts` says which calls count as reaching the point,
    `does` what happens there beside the failpoint's own action, with the call's arguments.
    """

    module: str
    owner: str
    method: str
    when: Literal["before", "after", "raised"]
    counts: Counts = _always
    does: Callable[[tuple[Any, ...]], None] | None = None


def _works_on_them(args: tuple[Any, ...], _result: Any) -> bool:
    return bool(args[0]._progress.is_working_on(args[1]))


def _fail_for_good(args: tuple[Any, ...]) -> None:
    """Tell a producer what librdkafka tells it at a fatal error."""
    from confluent_kafka import KafkaError  # noqa: PLC0415 - web processes never load it

    args[0]._on_error(KafkaError(KafkaError._FATAL, "injected", fatal=True))


POINTS = {
    # In a web process only what stores something commits.
    "api.before_commit": Point(
        module="django.db.backends.base.base",
        owner="BaseDatabaseWrapper",
        method="commit",
        when="before",
    ),
    "api.after_commit": Point(
        module="django.db.backends.base.base",
        owner="BaseDatabaseWrapper",
        method="commit",
        when="after",
    ),
    "relay.after_produce": Point(
        module="events.kafka.producer", owner="KafkaProducer", method="produce", when="after"
    ),
    "relay.queue_full": Point(
        module="events.kafka.producer",
        owner="KafkaProducer",
        method="produce",
        when="raised",
        counts=lambda _args, error: isinstance(error, BufferError),
    ),
    "relay.fatal": Point(
        module="events.kafka.producer",
        owner="KafkaProducer",
        method="poll",
        when="before",
        does=_fail_for_good,
    ),
    "relay.after_ack_before_mark": Point(
        module="events.publishing.entries", owner="Entries", method="_mark", when="before"
    ),
    "relay.marked": Point(
        module="events.publishing.entries",
        owner="Entries",
        method="exchange",
        when="after",
        counts=_with_argument,
    ),
    "c.polled": Point(
        module="events.kafka.consumer",
        owner="KafkaConsumer",
        method="fetch",
        when="after",
        counts=_with_result,
    ),
    "c.checked": Point(
        module="events.consuming.dedupe",
        owner="DedupeCache",
        method="done_by",
        when="after",
        counts=_with_argument,
    ),
    "c.claimed": Point(
        module="events.consuming.ledger",
        owner="Ledger",
        method="insert",
        when="after",
        counts=_with_result,
    ),
    "c.db_committed": Point(
        module="events.consuming.dedupe", owner="DedupeCache", method="mark", when="before"
    ),
    "c.marked": Point(
        module="events.consuming.dedupe", owner="DedupeCache", method="mark", when="after"
    ),
    "c.draining": Point(
        module="events.consuming.worker", owner="Worker", method="end", when="before"
    ),
    "c.offset_committed": Point(
        module="events.kafka.commits", owner="Commits", method="on_commit", when="after"
    ),
    "r.read": Point(
        module="events.kafka.reader",
        owner="KafkaReader",
        method="fetch",
        when="after",
        counts=_with_result,
    ),
    "r.judged": Point(
        module="events.replaying.verdicts", owner="Verdicts", method="of", when="after"
    ),
    "r.passed": Point(
        module="events.replaying.engine", owner="Engine", method="_pass", when="after"
    ),
    "r.saved": Point(
        module="events.replaying.account", owner="Account", method="save", when="after"
    ),
    # The client's callbacks, for exceptions that come out of them.
    "c.on_assign": Point(
        module="events.kafka.consumer", owner="KafkaConsumer", method="_on_assign", when="before"
    ),
    "c.on_revoke": Point(
        module="events.consuming.consumer",
        owner="GroupConsumer",
        method="on_revoke",
        when="before",
    ),
    # A revocation that finds the worker busy with what goes away.
    "c.revoked_in_work": Point(
        module="events.consuming.consumer",
        owner="GroupConsumer",
        method="on_revoke",
        when="before",
        counts=_works_on_them,
    ),
    "c.on_commit": Point(
        module="events.kafka.commits", owner="Commits", method="on_commit", when="before"
    ),
    "c.on_error": Point(
        module="events.kafka.reachability", owner="Reachability", method="on_error", when="before"
    ),
    "inv.rendered": Point(module="invoices.handlers", owner="", method="render", when="after"),
    "inv.smtp_ok": Point(
        module="invoices.delivery", owner="SmtpConversation", method="_send_content", when="after"
    ),
}
IN_THE_HANDLER = "c.handler"  # the tests' handler says itself that it is reached
IN_A_SIGNAL = "c.signal"  # a handler for SIGUSR1, run wherever the main thread is


def install(failpoint: Failpoint) -> None:
    """Wrap the method of the failpoint's point; raises KeyError if there is no such point."""
    if failpoint.point == IN_THE_HANDLER:
        return
    if failpoint.point == IN_A_SIGNAL:
        signal.signal(signal.SIGUSR1, lambda _number, _frame: failpoint.reached())
        return
    point = POINTS[failpoint.point]
    module = import_module(point.module)
    owner = getattr(module, point.owner) if point.owner else module
    method = getattr(owner, point.method)

    setattr(owner, point.method, _wrapped(method, point, failpoint))


def _wrapped(method: Callable[..., Any], point: Point, failpoint: Failpoint) -> Callable[..., Any]:
    def meet(args: tuple[Any, ...], result: Any) -> None:
        if point.counts(args, result) and failpoint.reached() and point.does:
            point.does(args)

    @functools.wraps(method)
    def wrapped(*args: Any, **options: Any) -> Any:
        if point.when == "before":
            meet(args, None)
        try:
            result = method(*args, **options)
        except Exception as error:
            if point.when == "raised":
                meet(args, error)
            raise
        if point.when == "after":
            meet(args, result)
        return result

    return wrapped

"""A topic of several partitions with a handler that fails as it is told, and its consumers."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer
from django.contrib.auth.models import Group
from django.db import connection, connections

from events.conf import kafka_settings
from events.consuming.assembly import ConsumerProcess
from events.consuming.consumer import Until
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import ClosedKey, DeadLetter
from events.retry import RetryPolicy

TYPE = "thing.happened"
FAST = RetryPolicy(max_attempts=2, initial_s=0.05, jitter=0)


class Handler:
    """Writes a row for each event, unless its number is in `broken`; remembers its calls."""

    def __init__(self) -> None:
        self.broken: dict[int, Exception] = {}
        self.fails_first = 0  # calls with the same number
        self.calls: list[int] = []
        self.takes_s = 0.0

    def handle(self, event: ReceivedEvent) -> None:
        number = event.data["n"]
        self.calls.append(number)
        threading.Event().wait(self.takes_s)
        Group.objects.create(name=f"{event.topic} {number}")
        if error := self.broken.get(number):
            raise error
        if self.calls.count(number) <= self.fails_first:
            raise OSError("not yet")

    def done(self) -> list[int]:
        """The numbers whose effects are committed, in the order of the effects."""
        names = Group.objects.order_by("id").values_list("name", flat=True)
        return [int(name.rpartition(" ")[2]) for name in names]


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def topic(make_topic: Any) -> str:
    return str(make_topic(TYPE, partitions=2))


@pytest.fixture
def send(topic: str) -> Callable[..., None]:
    """Put numbers on the topic: key `k` unless told, partition 0 unless told."""
    producer = Producer({**kafka_settings("producer")})

    def send(
        *numbers: int,
        key: bytes | None = b"k",
        partition: int = 0,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        for number in numbers:
            producer.produce(
                topic,
                key=key,
                value=b'{"n": %d}' % number,
                partition=partition,
                headers=[("ce_type", TYPE.encode()), *headers],
            )
        assert producer.flush(10) == 0

    return send


@pytest.fixture
def declare(topic: str, handler: Handler) -> Iterator[Callable[..., None]]:
    def declare(**options: Any) -> None:
        options = {"retry": FAST, "dedupe_key": "thing:{n}", **options}
        subscribe(topic, group=topic, type=TYPE, **options)(handler.handle)

    yield declare
    unsubscribe(topic, group=topic, type=TYPE)


@pytest.fixture
def consume(
    topic: str, waybill_settings: Any, dedupe_redis: Any
) -> Callable[..., ConsumerProcess]:
    """Consume until nothing is left that could be done now."""

    def consume(*, from_beginning: bool = False, **settings: Any) -> ConsumerProcess:
        process = ConsumerProcess(
            group=topic,
            settings=waybill_settings(**settings),
            until=Until(idle=True),
            from_beginning=from_beginning,
        )
        assert process.run(threading.Event()) == 0
        return process

    return consume


@pytest.fixture
def member(topic: str, waybill_settings: Any, dedupe_redis: Any) -> Iterator[Callable[..., None]]:
    """Start a consumer in a thread; it is stopped at the end."""
    stop = threading.Event()
    threads: list[threading.Thread] = []
    codes: list[int] = []

    def start(**settings: Any) -> None:
        process = ConsumerProcess(group=topic, settings=waybill_settings(**settings))

        def run() -> None:
            try:
                codes.append(process.run(stop))
            finally:
                connections.close_all()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(30)
    assert codes == [0] * len(threads)


def redrive(**filters: Any) -> int:
    """Hand open letters back, as the operator's transaction does."""
    letters = DeadLetter.objects.open().filter(**filters)
    return letters.update(state=DeadLetter.State.REDRIVING)


def release() -> None:
    """Release every closed key, as the operator's transaction does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE events_deadletter SET state = 'held' WHERE state = 'open' AND id IN "
            "(SELECT head_id FROM events_closedkey)"
        )
        cursor.execute("UPDATE events_closedkey SET released_at = now()")


def held() -> list[int]:
    """The numbers that are held, in order."""
    return [int(bytes(each.value or b"")[6:-1]) for each in DeadLetter.objects.held()]


def closed() -> list[tuple[bytes, str]]:
    """The keys that are closed, and why."""
    return [(bytes(each.key), each.cause) for each in ClosedKey.objects.order_by("closed_at")]

"""What one writes by hand: `loop`, `batches`, `look` or `read`, over a topic, in its own process.

`loop` asks Redis, inserts a row that says the message is done and the effect in one transaction,
tells Redis and commits the offset, for one message after the other. `batches` does the same for
500 at a time in raw SQL; with `--done` it finds them all in Redis. `read` only fetches.
Prints messages per second.
"""

import argparse
import json
import os
import time
import uuid
from collections.abc import Callable

import psycopg
import redis
from confluent_kafka import Consumer, Message, TopicPartition

from benchmarks.tables import BARE

DONE = "CREATE TABLE IF NOT EXISTS bare_done (key text PRIMARY KEY, at timestamptz DEFAULT now())"
FORGET = "TRUNCATE bare_done, bare_effect"
BATCH = 500
REMEMBER_S = 7 * 86_400
Do = Callable[[list[Message]], None]


class ByHand:
    """One PostgreSQL connection, one Redis client, keys of its own in both."""

    def __init__(self) -> None:
        self._database = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
        self._database.execute(DONE)
        self._database.execute(BARE)
        self._redis = redis.Redis.from_url(os.environ["REDIS_URL"])

    def forget(self) -> None:
        """Make every message new."""
        self._database.execute(FORGET)
        for key in self._redis.scan_iter("bare:*", count=1_000):
            self._redis.delete(key)

    def one(self, messages: list[Message]) -> None:
        """Do one message after the other."""
        for message in messages:
            number = json.loads(message.value() or b"")["n"]
            key = f"bare:{number}"
            if self._redis.get(key):
                continue
            with self._database.transaction():
                fresh = self._database.execute(
                    "INSERT INTO bare_done (key) VALUES (%s) ON CONFLICT DO NOTHING RETURNING key",
                    [key],
                ).fetchone()
                if fresh:
                    self._database.execute("INSERT INTO bare_effect (n) VALUES (%s)", [number])
            self._redis.set(key, "1", ex=REMEMBER_S)

    def many(self, messages: list[Message]) -> None:
        """Do a batch with one statement each."""
        numbers = {f"bare:{n}": n for n in (json.loads(m.value() or b"")["n"] for m in messages)}
        known = self._redis.mget(list(numbers))
        new = [key for key, value in zip(numbers, known, strict=True) if value is None]
        if not new:
            return
        with self._database.transaction():
            fresh = self._database.execute(
                "INSERT INTO bare_done (key) SELECT unnest(%s::text[])"
                " ON CONFLICT DO NOTHING RETURNING key",
                [new],
            ).fetchall()
            self._database.execute(
                "INSERT INTO bare_effect (n) SELECT unnest(%s::text[])",
                [[numbers[key] for (key,) in fresh]],
            )
        pipeline = self._redis.pipeline(transaction=False)
        for key in new:
            pipeline.set(key, "1", ex=REMEMBER_S)
        pipeline.execute()

    def look(self, messages: list[Message]) -> None:
        """Ask which of a batch are done, and do nothing."""
        keys = [f"bare:{json.loads(message.value() or b'')['n']}" for message in messages]
        self._database.execute("SELECT key FROM bare_done WHERE key = ANY(%s)", [keys]).fetchall()


def consume(topic: str, do: Do, *, at_once: int) -> float:
    """Read the topic from its beginning to its end; return messages per second."""
    consumer = Consumer(
        {
            "bootstrap.servers": os.environ["KAFKA_BOOTSTRAP_SERVERS"],
            "group.id": f"bare-{uuid.uuid4().hex}",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 20,
        }
    )
    left = _messages_in(consumer, topic)
    consumer.subscribe([topic])
    began, done, first = 0.0, 0, 0
    while done < left:
        messages = _fetched(consumer, at_once)
        if not messages:
            continue
        do(messages)
        consumer.commit(message=messages[-1], asynchronous=True)
        done += len(messages)
        if not began:
            began, first = time.perf_counter(), done
    took = time.perf_counter() - began
    consumer.close()
    return (done - first) / took


def _fetched(consumer: Consumer, at_once: int) -> list[Message]:
    first = consumer.poll(1.0)
    found = [] if first is None else [first]
    if found and at_once > 1:
        found += consumer.consume(at_once - 1, 0)
    return [message for message in found if message.error() is None]


def _messages_in(consumer: Consumer, topic: str) -> int:
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    marks = (consumer.get_watermark_offsets(TopicPartition(topic, each)) for each in partitions)
    return sum(end - start for start, end in marks)


def main() -> None:
    """Run one of the ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("way", choices=["loop", "batches", "look", "read"])
    parser.add_argument("topic")
    parser.add_argument("--done", action="store_true", help="what an earlier pass did stays done")
    options = parser.parse_args()
    hand = ByHand()
    if not options.done:
        hand.forget()
    ways: dict[str, tuple[Do, int]] = {
        "loop": (hand.one, 1),
        "batches": (hand.many, BATCH),
        "look": (hand.look, BATCH),
        "read": (lambda _messages: None, BATCH),
    }
    do, at_once = ways[options.way]
    print(consume(options.topic, do, at_once=at_once))  # noqa: T201 - its purpose


if __name__ == "__main__":
    main()

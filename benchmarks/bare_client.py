"""The bare client: produce, poll, one INSERT and commit a message; it guarantees nothing."""

import json
import threading
import uuid
from types import TracebackType
from typing import Self

import psycopg
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic


class BareClient:
    """A producer and, in a thread, a consumer that inserts each message; a context manager."""

    def __init__(self, *, bootstrap_servers: str, database_url: str) -> None:
        self._servers = {"bootstrap.servers": bootstrap_servers}
        self._database_url = database_url
        self._topic = f"bare_{uuid.uuid4().hex}"
        self._stop = threading.Event()
        self._assigned = threading.Event()
        self._thread = threading.Thread(target=self._consume, daemon=True)

    def __enter__(self) -> Self:
        admin = AdminClient({**self._servers})
        admin.create_topics([NewTopic(self._topic, 3, 1)])[self._topic].result(10)
        self._producer = Producer({**self._servers, "enable.idempotence": True, "linger.ms": 5})
        self._thread.start()
        self._assigned.wait(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._producer.flush(10)

    def send(self, number: str) -> None:
        """Produce one message and wait for its ack, as a POST does for its commit."""
        value = json.dumps({"n": number, "pad": "x" * 370})
        self._producer.produce(self._topic, key=number, value=value)
        self._producer.flush(10)

    def _consume(self) -> None:
        consumer = Consumer(
            {
                **self._servers,
                "group.id": self._topic,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        consumer.subscribe([self._topic], on_assign=lambda _, __: self._assigned.set())
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            while not self._stop.is_set():
                message = consumer.poll(0.2)
                value = None if message is None or message.error() else message.value()
                if value is not None:
                    number = json.loads(value)["n"]
                    connection.execute(
                        "WITH told AS (SELECT pg_notify('bench', %s))"
                        " INSERT INTO bare_effect (n) SELECT %s FROM told",
                        [number, number],
                    )
        consumer.close()

"""The least one can do: an outbox that is selected, produced and deleted; and produce() alone.

It keeps no order through a failure, bounds nothing, writes down nothing, and no second one may
run beside it.
"""

import uuid

import psycopg
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from benchmarks.filled_outbox import key_of, value_of

PAGE = 2_000
# As the relay's own: what is compared is the work around the client, not its settings.
SETTINGS = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 1,
    "compression.type": "zstd",
    "partitioner": "murmur2_random",
}
HEADERS: list[tuple[str, str | bytes | None]] = [
    ("content-type", "application/json"),
    ("ce_id", "01993a7e-7c5b-7000-8000-000000000000"),
    ("ce_type", "bench.requested"),
    ("ce_source", "/waybill"),
    ("ce_specversion", "1.0"),
    ("ce_time", "2026-01-31T12:00:00.000000Z"),
]


class BareOutbox:
    """A table and a topic of its own."""

    def __init__(self, *, bootstrap_servers: str, database_url: str, entries: int) -> None:
        self._records = [(key_of(number), value_of(number)) for number in range(entries)]
        self._connection = psycopg.connect(database_url)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS bare_outbox"
            " (id bigserial PRIMARY KEY, key text NOT NULL, value bytea NOT NULL)"
        )
        self._connection.commit()
        self._topic = f"bare_{uuid.uuid4().hex}"
        admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        admin.create_topics([NewTopic(self._topic, 3, 1)])[self._topic].result(10)
        self._producer = Producer({**SETTINGS, "bootstrap.servers": bootstrap_servers})
        self._undelivered = 0

    def fill(self) -> None:
        """Store the rows in one transaction."""
        with (
            self._connection.cursor() as cursor,
            cursor.copy("COPY bare_outbox (key, value) FROM STDIN") as copy,
        ):
            for record in self._records:
                copy.write_row(record)
        self._connection.commit()
        self._connection.autocommit = True
        self._connection.execute("VACUUM ANALYZE bare_outbox")
        self._connection.autocommit = False

    def drain(self) -> None:
        """Select, produce, wait for all acks, delete, commit; until nothing is left."""
        while True:
            rows = self._connection.execute(
                "SELECT id, key, value FROM bare_outbox ORDER BY id LIMIT %s", [PAGE]
            ).fetchall()
            if not rows:
                return
            for _, key, value in rows:
                self._send(key.encode(), value)
            self._flush()
            ids = [row[0] for row in rows]
            self._connection.execute("DELETE FROM bare_outbox WHERE id = ANY(%s)", [ids])
            self._connection.commit()

    def produce(self) -> None:
        """Produce the same records from memory and wait for their acks."""
        for number, (key, value) in enumerate(self._records):
            self._send(key.encode(), value)
            if number % PAGE == 0:
                self._producer.poll(0)
        self._flush()

    def _send(self, key: bytes, value: bytes) -> None:
        self._producer.produce(
            self._topic, key=key, value=value, headers=HEADERS, on_delivery=self._note
        )

    def _flush(self) -> None:
        self._producer.flush(60)
        if self._undelivered:
            raise RuntimeError(f"{self._undelivered} records were not delivered")

    def _note(self, error: object, _message: object) -> None:
        self._undelivered += error is not None

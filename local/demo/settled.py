"""Whether everything has settled: nothing waits in the outbox, nothing is unread on Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import psycopg

from local.demo.lag import GroupLag

_ENTRIES = "SELECT count(*) FROM events_outboxentry WHERE topic = %s AND key = ANY(%s)"


class Settled:
    """Looks at the outbox and at the group's committed offsets.

    A context manager. Methods raise psycopg.Error and KafkaException.
    """

    def __init__(
        self, *, environment: Mapping[str, str], topic: str, group: str, keys: Sequence[str]
    ) -> None:
        self._database_url = environment["DATABASE_URL"]
        self._lag = GroupLag(environment=environment, topic=topic, group=group)
        self._topic = topic
        self._keys = list(keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._lag.close()

    def backlog(self) -> int:
        """How many outbox entries of these keys wait to be produced."""
        with psycopg.connect(self._database_url) as connection:
            row = connection.execute(_ENTRIES, [self._topic, self._keys]).fetchone()
            return int(row[0]) if row else 0

    def lag(self) -> int:
        """How many messages of the topic the group has not committed yet."""
        return self._lag.read()

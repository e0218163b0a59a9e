"""Moving: a relay in the test's own thread, from the outbox to Kafka, that can be killed."""

import time

from django.db import connection
from psycopg import conninfo, pq

from events.conf import Waybill
from events.models import OutboxEntry
from events.publishing.backlog import backlog
from events.publishing.relay import Relay
from events.testing.crashes import Crashes
from events.testing.life import Life, cut
from events.testing.scratch_topics import ScratchTopics


class Mover:
    """Steps a real relay; after its death the next one takes over."""

    def __init__(self, *, settings: Waybill, crashes: Crashes, topics: ScratchTopics) -> None:
        self._settings = settings
        self._crashes = crashes
        self._topics = topics
        self._relay: Relay | None = None
        self._life = Life(crashes=crashes)

    def move_all(self, *, deadline: float) -> str | None:
        """Relay until nothing waits in the outbox; return the step at which the relay died.

        Raises AssertionError if something cannot be delivered before `deadline`.
        """
        # A topic that was declared and never made would take nothing, for ever.
        self._topics.create_missing(set(OutboxEntry.objects.values_list("topic", flat=True)))
        while backlog().pending:
            if time.monotonic() > deadline:
                raise AssertionError(f"the outbox was not delivered in time: {_what_waits()}")
            if died_at := self._step():
                return died_at
        if backlog().parked:
            raise AssertionError(f"events can never be written to Kafka: {_what_waits()}")
        return None

    def close(self) -> None:
        """End the relay."""
        if self._relay is not None:
            self._relay.close()
            self._relay = None

    def _step(self) -> str | None:
        if self._relay is None:
            self._relay = Relay(settings=self._settings)
            self._life = Life(crashes=self._crashes)
        relay, life = self._relay, self._life
        with life.lived():
            relay.run_once()
        if life.died_at is not None:
            self._bury(relay)
        return life.died_at

    def _bury(self, relay: Relay) -> None:
        if relay._session is not None:
            cut(relay._session.connection)
        relay.close()  # what is left is ours alone: nothing can be sent or marked any more
        self._relay = None


def relay_url() -> str:
    """Return the address of the database that the tests use, for the relay's own session."""
    known = {each.keyword.decode() for each in pq.Conninfo.get_defaults()}
    given = connection.get_connection_params()
    return conninfo.make_conninfo(**{name: given[name] for name in known & set(given)})


def _what_waits() -> str:
    entries = OutboxEntry.objects.order_by("sequence")
    told = [
        f"{each.topic}: {each.last_error or 'no answer from Kafka'}"
        for each in entries.filter(publish_after=None)[:5]
    ]
    return f"{entries.count()} entries; {'; '.join(dict.fromkeys(told))}"

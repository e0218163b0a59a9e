"""DatabaseCounts: the figures that PostgreSQL knows, in one query over a connection kept open."""

from __future__ import annotations

import psycopg

from local.demo.living.figures import Counts

# An order's id is its event's key.
_COUNTS = """
SELECT (SELECT count(*) FROM invoices_order),
       (SELECT count(DISTINCT event_id) FROM events_publication),
       count(*) FILTER (WHERE parked_at IS NULL),
       count(*) FILTER (WHERE parked_at IS NOT NULL),
       extract(epoch FROM now() - min(created_at) FILTER (WHERE parked_at IS NULL))::float8,
       (SELECT count(*) FROM events_event WHERE key = %(by_hand)s),
       (SELECT count(*) FROM invoices_invoice WHERE sent_at IS NOT NULL),
       (SELECT count(*) FROM invoices_invoice i JOIN invoices_order o ON o.id = i.order_id
        WHERE i.sent_at IS NOT NULL AND o.order_id = %(by_hand)s)
FROM events_outboxentry
"""
_OPTIONS = "-c statement_timeout=3s -c lock_timeout=1s"


class DatabaseCounts:
    """`by_hand` is the id of the order that a person may post."""

    def __init__(self, url: str, *, by_hand: str) -> None:
        self._url = url
        self._by_hand = by_hand
        self._connection: psycopg.Connection | None = None

    def read(self) -> Counts:
        """The figures now. Raises psycopg.Error."""
        connection = self._connected()
        try:
            row = connection.execute(_COUNTS, {"by_hand": self._by_hand}).fetchone()
        except psycopg.Error:
            self.close()
            raise
        assert row is not None  # noqa: S101 - tells mypy that an aggregate has a row
        orders, published, backlog, parked, oldest_s, events_by_hand, sent, sent_by_hand = row
        return Counts(
            orders=orders,
            published=published,
            backlog=backlog,
            parked=parked,
            oldest_s=oldest_s,
            events_by_hand=events_by_hand,
            sent=sent,
            sent_by_hand=sent_by_hand,
        )

    def close(self) -> None:
        """Give up the connection; the next read makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=3,
                options=_OPTIONS,
                application_name="waybill demo table",
            )
        return self._connection

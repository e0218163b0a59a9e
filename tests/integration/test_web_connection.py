"""A web process's connection to PostgreSQL ends itself where an answer does not come in time."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from config.web_bounds import web_bounds
from config.web_connection import BoundedConnection

BOUND_S = 3.0  # with 1 s for a statement
_END = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"


@pytest.fixture
def bounded(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoundedConnection]:
    """A connection with a short bound; its session ends with the test."""
    monkeypatch.setenv("WEB_STATEMENT_TIMEOUT", "1")
    web_bounds.cache_clear()
    name = "bounded-test"
    with BoundedConnection.connect(database_url, autocommit=True, application_name=name) as found:
        yield found
    web_bounds.cache_clear()
    with psycopg.connect(database_url) as other:
        other.execute(_END, [name])


def test_a_silent_server_is_given_up(bounded: BoundedConnection) -> None:
    assert bounded.execute("SELECT 1").fetchone() == (1,)
    began = time.monotonic()
    # Nothing on this connection limits the statement: to the client it is a frozen server.
    with pytest.raises(psycopg.OperationalError, match="no answer within 3 s"):
        bounded.execute("SELECT pg_sleep(30)")
    assert BOUND_S * 0.9 <= time.monotonic() - began < 2 * BOUND_S
    assert bounded.closed

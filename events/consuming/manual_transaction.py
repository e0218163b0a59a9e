"""A transaction that begins with the first statement and may be committed on the way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, connection

from events.sql import run

_MAY_IDLE = "SELECT set_config('idle_in_transaction_session_timeout', %(text)s, true)"


@contextmanager
def manual_transaction(*, may_idle_s: float) -> Iterator[None]:
    """Switch autocommit off, so that an external effect is performed outside any transaction.

    `connection.commit()` commits what was written so far; what is not committed at the end is
    rolled back. Up to the first commit the session may idle for `may_idle_s`: a handler that has
    read something and waits for a slow service is no forgotten session.
    """
    connection.set_autocommit(False)
    try:
        run(_MAY_IDLE, {"text": f"{may_idle_s * 1000:.0f}ms"})
        yield
    finally:
        try:
            connection.rollback()
            connection.set_autocommit(True)
        except (DatabaseError, InterfaceError):
            with suppress(DatabaseError, InterfaceError):
                connection.close()

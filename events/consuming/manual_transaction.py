"""A transaction that begins with the first statement and may be committed on the way."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, InterfaceError, connection


@contextmanager
def manual_transaction() -> Iterator[None]:
    """Switch autocommit off, so that an external effect is performed outside any transaction.

    `connection.commit()` commits what was written so far; what is not committed at the end is
    rolled back.
    """
    connection.set_autocommit(False)
    try:
        yield
    finally:
        try:
            connection.rollback()
            connection.set_autocommit(True)
        except (DatabaseError, InterfaceError):
            with suppress(DatabaseError, InterfaceError):
                connection.close()

"""A web process's connection to PostgreSQL: no request waits for an answer without end."""

from typing import Any

import psycopg
from psycopg.errors import _WaitTimeout

from config.web_bounds import web_bounds


class BoundedConnection(psycopg.Connection[Any]):
    """Ends itself when an answer does not come in time; raises OperationalError then.

    Only a server that is frozen, or gone without a word, is silent for so long. Nothing else
    notices it while its kernel confirms what we send: statement_timeout is kept by the server
    itself, and tcp_user_timeout asks for confirmations only.

    Whether a commit without an answer happened is not known, as after any lost connection.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """Wait for PostgreSQL; every statement, commit and rollback does so here."""
        if timeout is not None:  # the caller has a bound of its own, and knows what it means
            return super().wait(gen, interval, timeout)
        answer_s = web_bounds().answer_s
        try:
            return super().wait(gen, interval, answer_s)
        except _WaitTimeout as error:
            self.pgconn.finish()  # what it may still say belongs to no question of ours any more
            raise psycopg.OperationalError(
                f"no answer within {answer_s:g} s; the connection was given up"
            ) from error

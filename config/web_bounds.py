"""What bounds a web process, from the environment: what it does at once, and how long it waits."""

from dataclasses import dataclass
from functools import cache

import environ


@dataclass(frozen=True, kw_only=True, slots=True)
class WebBounds:
    """One value for gunicorn, its worker and the database settings: they cannot disagree."""

    threads: int  # and as many database connections
    request_s: float  # for a request to arrive
    statement_s: int  # for a statement, by PostgreSQL's own clock

    @property
    def answer_s(self) -> float:
        """How long PostgreSQL may be silent: longer than any statement may take."""
        return self.statement_s + 2.0


@cache
def web_bounds() -> WebBounds:
    """Return the bounds; call it when .env has been read."""
    env = environ.Env()
    return WebBounds(
        threads=env.int("WEB_THREADS", default=8),
        request_s=env.float("WEB_REQUEST_TIMEOUT", default=10.0),
        statement_s=env.int("WEB_STATEMENT_TIMEOUT", default=10),
    )

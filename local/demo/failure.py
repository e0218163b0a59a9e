"""DemoFailed: what went wrong, and which log tells more."""

from __future__ import annotations

from http.client import HTTPException

import psycopg
from confluent_kafka import KafkaException

from local.errors import LocalError
from local.logfile import LogFile

# What clients raise when a service is not there, or does not do its part.
UNREACHABLE = (OSError, HTTPException, psycopg.OperationalError, KafkaException)
_LAST_LINES = 15


class DemoFailed(LocalError):
    """The demo did not come to its good end. The message quotes the guilty process's log."""

    def __init__(self, what: str, *, log: LogFile | None = None) -> None:
        if log is not None:
            what = f"{what}. The end of {log.path}:\n{log.tail(_LAST_LINES) or '(empty)'}"
        super().__init__(what)

"""DemoFailed: what went wrong, and which log tells more."""

from __future__ import annotations

from local.errors import LocalError
from local.logfile import LogFile

_LAST_LINES = 15


class DemoFailed(LocalError):
    """The demo did not come to its good end. The message quotes the guilty process's log."""

    def __init__(self, what: str, *, log: LogFile | None = None) -> None:
        if log is not None:
            what = f"{what}. The end of {log.path}:\n{log.tail(_LAST_LINES) or '(empty)'}"
        super().__init__(what)

"""The wake-up call: tells the relays that something was committed."""

import logging
import os
import time

from django.db import Error, connection, transaction

logger = logging.getLogger(__name__)

CHANNEL = "waybill_outbox"
# A relay that was woken looks again after this time, so calls within it can be left out.
QUIET_S = 0.01


class _WakeUp:
    """At most one call per process and QUIET_S; a lost one costs a relay's poll interval."""

    def __init__(self) -> None:
        self._last: tuple[int, float] = (0, float("-inf"))

    def call(self) -> None:
        now = time.monotonic()
        process, called_at = self._last
        if process == os.getpid() and now - called_at < QUIET_S:
            return
        self._last = (os.getpid(), now)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")
        except Error as error:
            # The events are committed: the caller's work is done, the relay finds them by itself.
            logger.warning("the relay could not be woken", extra={"error": str(error)})


_wake_up = _WakeUp()


def wake_relays_after_commit() -> None:
    """Call the relays once the current transaction is committed, as a statement of its own.

    Inside the transaction NOTIFY would take a server-wide lock until the commit.
    """
    transaction.on_commit(_wake_up.call)

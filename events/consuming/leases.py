"""Leases: the claims on external effects that this process holds, kept alive while it lives."""

import threading
from collections.abc import Iterable
from uuid import UUID

from events.sql import run

_RENEW = """
    UPDATE events_consumption SET lease_expires_at = now() + make_interval(secs => %(lease_s)s)
    FROM unnest(%(ids)s::bigint[], %(tokens)s::uuid[]) AS held(id, token)
    WHERE events_consumption.id = held.id AND lease_token = held.token AND outcome = 'started'
"""


class Leases:
    """Shared by the worker, which holds and drops, and the keeper, which renews."""

    def __init__(self, *, lease_s: float) -> None:
        self._lease_s = lease_s
        self._held: dict[int, UUID] = {}
        self._lock = threading.Lock()

    def hold(self, row_ids: Iterable[int], *, token: UUID) -> None:
        """Renew these rows from now on."""
        with self._lock:
            self._held.update(dict.fromkeys(row_ids, token))

    def drop(self, row_id: int) -> None:
        """Renew the row no more."""
        with self._lock:
            self._held.pop(row_id, None)

    def renew(self) -> int:
        """Extend every lease held, by the database's clock; returns how many are held."""
        with self._lock:
            held = dict(self._held)
        if held:
            run(
                _RENEW,
                {"ids": list(held), "tokens": list(held.values()), "lease_s": self._lease_s},
            )
        return len(held)

"""The ledger's statements: who may run a message, and what became of it.

One row per (group, dedupe key, generation). Rows are claimed by inserting them; what exists
already is looked at, and only a row that is due may be taken over. Times are the database's.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from events.consuming.delivery import Delivery
from events.consuming.ledger_row import Row, row_of
from events.consuming.process import HOST, PID
from events.models.consumption import LIVE
from events.sql import columns, run

_COLUMNS = (
    ("dedupe_key", "text"),
    ("event_id", "uuid"),
    ("source", "text"),
    ("ce_id", "text"),
    ("value_sha256", "bytea"),
    ("topic", "text"),
    ("partition", "int"),
    ("offset", "bigint"),
    ("handler", "text"),
)
_NAMES = ", ".join(f'"{name}"' for name, _ in _COLUMNS)
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS)

# Locks nothing that exists: a redelivery of done messages writes nothing at all.
_INSERT = f"""
    INSERT INTO events_consumption (
        "group", generation, replay_id, outcome, attempts, host, pid, lease_token,
        lease_expires_at, next_attempt_at, first_at, finished_at, effect_reference,
        unknown_count, error, {_NAMES}
    )
    SELECT %(group)s, %(generation)s, %(replay)s::uuid, %(outcome)s::text, 1, %(host)s, %(pid)s,
           %(token)s::uuid, now() + make_interval(secs => %(lease_s)s), NULL, now(),
           CASE WHEN %(outcome)s::text = 'succeeded' THEN now() END, '', 0, '', given.*
    FROM unnest({_ARRAYS}) AS given({_NAMES})
    ORDER BY given.dedupe_key
    ON CONFLICT ("group", dedupe_key, generation) DO NOTHING
    RETURNING dedupe_key, id
"""  # noqa: S608 - column names only

_LOOK = """
    SELECT dedupe_key, id, outcome, attempts, source, ce_id, value_sha256,
           effect_began_at IS NOT NULL, unknown_count,
           GREATEST(0, EXTRACT(EPOCH FROM
               CASE outcome WHEN 'retrying' THEN next_attempt_at
                            WHEN 'started' THEN lease_expires_at END - now()))::float8,
           EXTRACT(EPOCH FROM now() - coalesce(redriven_at, first_at))::float8, effect_payload
    FROM events_consumption
    WHERE "group" = %(group)s AND generation = %(generation)s
      AND dedupe_key = ANY(%(keys)s)
"""

_LEAVE_OUT = """
    DELETE FROM events_consumption
    WHERE "group" = %(group)s AND generation = %(generation)s AND dedupe_key = ANY(%(keys)s)
"""

_TAKE = """
    UPDATE events_consumption
    SET outcome = %(outcome)s, attempts = attempts + 1, host = %(host)s, pid = %(pid)s,
        lease_token = %(token)s::uuid, next_attempt_at = now(), effect_began_at = NULL,
        replay_id = coalesce(%(replay)s::uuid, replay_id),
        lease_expires_at = now() + make_interval(secs => %(lease_s)s)
    WHERE id = %(id)s AND (
        (outcome = 'retrying' AND (next_attempt_at IS NULL OR next_attempt_at <= now()))
        OR (outcome = 'started' AND lease_expires_at <= now()))
    RETURNING attempts
"""

_REOPEN = """
    UPDATE events_consumption
    SET outcome = 'retrying', attempts = 0, next_attempt_at = now(), redriven_at = now(),
        finished_at = NULL
    WHERE id = %(id)s AND outcome IN ('dead_lettered', 'quarantined')
    RETURNING id
"""

_GIVE_BACK = """
    UPDATE events_consumption
    SET outcome = 'retrying', attempts = attempts - 1, lease_token = NULL,
        lease_expires_at = NULL, next_attempt_at = now() + make_interval(secs => %(delay_s)s)
    WHERE id = ANY(%(ids)s) AND outcome IN ('retrying', 'started')
      AND lease_token IS NOT DISTINCT FROM %(token)s::uuid
"""

_BEGIN_EFFECT = """
    UPDATE events_consumption
    SET effect_began_at = CASE WHEN NOT %(is_repeatable)s THEN now() END,
        effect_reference = %(reference)s, effect_payload = %(payload)s,
        lease_expires_at = now() + make_interval(secs => %(lease_s)s)
    WHERE id = %(id)s AND outcome = 'started' AND lease_token = %(token)s::uuid
    RETURNING id
"""

_CALL_UNKNOWN = """
    UPDATE events_consumption
    SET unknown_count = unknown_count + 1, outcome = %(outcome)s,
        error = 'the process ended after the effect began and before its end was marked',
        message = %(message)s
    WHERE id = %(id)s AND outcome = 'started' AND lease_expires_at <= now()
    RETURNING id
"""

_FINISH = """
    UPDATE events_consumption
    SET outcome = 'succeeded', finished_at = now(), lease_token = NULL, lease_expires_at = NULL,
        next_attempt_at = NULL, effect_payload = NULL, message = NULL, error = ''
    WHERE id = %(id)s AND outcome = %(outcome)s
      AND lease_token IS NOT DISTINCT FROM %(token)s::uuid
    RETURNING id
"""


class Ledger:
    """The rows of one group in one generation; every method runs in the caller's transaction.

    New rows say which `replay` makes them, if one does.
    """

    def __init__(self, *, group: str, generation: UUID = LIVE, replay: UUID | None = None) -> None:
        self._who: dict[str, Any] = {"group": group, "generation": generation}
        self._replay = replay

    def insert(
        self,
        deliveries: Sequence[Delivery],
        *,
        outcome: str,
        token: UUID | None = None,
        lease_s: float | None = None,
    ) -> dict[str, int]:
        """Claim new keys; returns those that are ours now with their row ids.

        Waits for other transactions that insert the same keys. Keys must be unique.
        """
        rows = [_row(delivery) for delivery in deliveries]
        found = run(
            _INSERT,
            {
                **self._who,
                **columns(rows, [name for name, _ in _COLUMNS]),
                "replay": self._replay,
                "outcome": outcome,
                "host": HOST,
                "pid": PID,
                "token": token,
                "lease_s": lease_s,
            },
        )
        return dict(found)

    def look(self, dedupe_keys: Sequence[str]) -> dict[str, Row]:
        """Return the rows that exist for these keys."""
        if not dedupe_keys:
            return {}
        found = run(_LOOK, {**self._who, "keys": list(dedupe_keys)})
        return {key: row_of(facts) for key, *facts in found}

    def leave_out(self, dedupe_keys: Sequence[str]) -> None:
        """Take back rows inserted in this transaction whose messages were not run."""
        if dedupe_keys:
            run(_LEAVE_OUT, {**self._who, "keys": list(dedupe_keys)})

    def take(
        self,
        row_id: int,
        *,
        outcome: str,
        token: UUID | None = None,
        lease_s: float | None = None,
    ) -> int | None:
        """Take over a row that is due; returns the number of this attempt, None if it is not."""
        found = run(
            _TAKE,
            {
                "id": row_id,
                "replay": self._replay,
                "outcome": outcome,
                "host": HOST,
                "pid": PID,
                "token": token,
                "lease_s": lease_s,
            },
        )
        return found[0][0] if found else None

    def finish(self, row_id: int, *, outcome: str, token: UUID | None = None) -> bool:
        """Mark a row succeeded; False if it is no longer ours (`outcome` and `token` were)."""
        return bool(run(_FINISH, {"id": row_id, "outcome": outcome, "token": token}))

    def give_back(
        self, row_ids: Sequence[int], *, token: UUID | None = None, delay_s: float = 0.0
    ) -> None:
        """Return rows that are ours, uncounted, to be taken again after `delay_s`."""
        if row_ids:
            run(_GIVE_BACK, {"ids": list(row_ids), "token": token, "delay_s": delay_s})

    def begin_effect(
        self,
        row_id: int,
        *,
        token: UUID,
        lease_s: float,
        reference: str,
        payload: bytes | None,
        is_repeatable: bool,
    ) -> bool:
        """Write that an external effect is about to happen; False if the row is no longer ours.

        One that is repeatable never counts as begun: a death in it is simply followed.
        """
        return bool(
            run(
                _BEGIN_EFFECT,
                {
                    "id": row_id,
                    "token": token,
                    "lease_s": lease_s,
                    "reference": reference,
                    "payload": payload,
                    "is_repeatable": is_repeatable,
                },
            )
        )

    def call_unknown(self, row_id: int, *, held: bytes | None) -> bool:
        """Write that nobody knows an effect's end.

        `held` is the message, kept for people to decide; None: the row may still be taken over.
        """
        outcome = "started" if held is None else "unknown"
        return bool(run(_CALL_UNKNOWN, {"id": row_id, "outcome": outcome, "message": held}))

    def reopen(self, row_id: int) -> bool:
        """Make the row of a message that was given up one to be tried anew, from attempt 1."""
        return bool(run(_REOPEN, {"id": row_id}))


def _row(delivery: Delivery) -> tuple[Any, ...]:
    name = (delivery.dedupe_key, delivery.event.event_id, delivery.source, delivery.id)
    return (*name, delivery.value_sha256, *delivery.record.position, delivery.handler_name)

"""Kept answers: what a caller was told under an idempotency key, in the table and back."""

import hashlib
import json
import secrets
from dataclasses import dataclass

import orjson
from django.db import connection, transaction
from django.http import HttpResponse

# The lock and the row in one question. Its snapshot may be older than the lock: then the row is
# not seen, and `keep` finds the key taken.
_ASK = """
SELECT pg_try_advisory_xact_lock(%s), kept.fingerprint, kept.status, kept.body, kept.headers
FROM (VALUES (1)) AS always
LEFT JOIN events_idempotencykey AS kept ON kept.caller = %s AND kept.key = %s
"""
_KEEP = """
INSERT INTO events_idempotencykey (caller, key, fingerprint, status, body, headers, created_at)
VALUES (%s, %s, %s, %s, %s, %s, statement_timestamp())
ON CONFLICT (caller, key) DO NOTHING
"""
_FORGET = """
DELETE FROM events_idempotencykey WHERE id = ANY(ARRAY(
    SELECT id FROM events_idempotencykey WHERE created_at < now() - interval '24 hours'
    ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED))
"""
# Of so many answers kept, one forgets up to twice as many old ones: the table holds a day's, at
# whatever pace, and nothing has to run for it.
FORGET_EVERY = 100
FORGET_AT_MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptAnswer:
    """An answer and the fingerprint of the request that got it."""

    fingerprint: bytes
    status: int
    body: bytes
    headers: dict[str, str]

    def response(self) -> HttpResponse:
        """Return the answer again, byte for byte."""
        return HttpResponse(self.body, status=self.status, headers=self.headers)


@dataclass(frozen=True, kw_only=True, slots=True)
class CallersKey:
    """A key of one caller; everything here belongs into one transaction."""

    caller: str
    key: str

    def ask(self) -> tuple[bool, KeptAnswer | None]:
        """Say whether the key is ours until the transaction ends, and what is kept under it.

        Never waits: who finds the key in another's hands is told so.
        """
        with connection.cursor() as cursor:
            cursor.execute(_ASK, [self._lock, self.caller, self.key])
            is_ours, fingerprint, status, body, headers = cursor.fetchone()
        if fingerprint is None:
            return is_ours, None
        return is_ours, KeptAnswer(
            fingerprint=bytes(fingerprint),
            status=status,
            body=bytes(body),
            headers=json.loads(headers),
        )

    def keep(self, response: HttpResponse, *, fingerprint: bytes) -> bool:
        """Keep the answer with the headers it has now; False if one is kept already."""
        row: list[str | bytes | int] = [
            self.caller,
            self.key,
            fingerprint,
            response.status_code,
            response.content,
            orjson.dumps(dict(response.items())).decode(),
        ]
        if secrets.randbelow(FORGET_EVERY) == 0:
            transaction.on_commit(forget_expired, robust=True)
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, row)
            return bool(cursor.rowcount)

    @property
    def _lock(self) -> int:
        digest = hashlib.sha256(f"{self.caller}\0{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


def forget_expired() -> int:
    """Forget answers kept for more than 24 hours, a bounded number; return how many they were."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [FORGET_AT_MOST])
        return int(cursor.rowcount)

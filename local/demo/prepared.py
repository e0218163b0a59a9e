"""Prepared: whether tables, topics and account are still as the code at hand wants them.

Making sure costs a process that loads Django; looking whether it was done costs two questions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from confluent_kafka.admin import AdminClient

from events.conf import kafka_settings
from local.children import ROOT
from local.demo.account import read_account
from local.demo.state import State, write_secret

# Whatever decides about tables, topics and the user.
_CODE = ("config", "events", "invoices", "local/demo")
_FILES = ("requirements.txt", ".env")
_VARIABLES = ("EXTRA_APPS", "WAYBILL_", "KAFKA_")
# The migrations, the password as it is kept, and whether the token is good for another day.
_DATABASE = """
SELECT (SELECT md5(string_agg(app || ' ' || name, ',' ORDER BY app, name))
        FROM django_migrations),
       md5(u.password || u.is_active || u.is_staff || u.is_superuser),
       EXISTS (SELECT FROM knox_authtoken t
               WHERE t.user_id = u.id AND t.token_key = left(%(token)s, 15)
                 AND t.expiry > now() + interval '1 day')
FROM auth_user u WHERE u.username = %(user)s
"""
_ANSWER_WITHIN_S = 10.0


class Prepared:
    """What was found is remembered in the demo's directory, as hashes."""

    def __init__(self, state: State, *, environment: Mapping[str, str]) -> None:
        self._state = state
        self._environment = environment

    def is_as_remembered(self) -> bool:
        """True when nothing has changed since `remember()`. False when in doubt."""
        try:
            remembered = json.loads(self._state.prepared.read_text())
            return bool(remembered == self._found())
        except (OSError, ValueError, TypeError, psycopg.Error):
            return False

    def remember(self) -> None:
        """Remember everything as it is now. Raises psycopg.Error and KafkaException."""
        write_secret(self._state.prepared, json.dumps(self._found()))

    def _found(self) -> dict[str, Any]:
        return {"code": self._code(), "database": self._database(), "topics": self._topics()}

    def _code(self) -> str:
        told = hashlib.sha256()
        for file in _sources():
            told.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes() + b"\0")
        for name, value in sorted(self._environment.items()):
            if name.startswith(_VARIABLES):
                told.update(f"{name}={value}\0".encode())
        return told.hexdigest()

    def _database(self) -> list[Any]:
        account = read_account(self._state.account)
        names = {"user": account.user, "token": account.token}
        with psycopg.connect(self._environment["DATABASE_URL"], connect_timeout=5) as connection:
            row = connection.execute(_DATABASE, names).fetchone()
        if row is None or row[-1] is not True:
            raise ValueError("the user or the token is not there any more")
        return list(row)

    def _topics(self) -> dict[str, int]:
        # Somebody else's topics too: one too many is looked into once, and then remembered.
        admin = AdminClient({**kafka_settings("admin", environment=self._environment)})
        found = admin.list_topics(timeout=_ANSWER_WITHIN_S).topics
        return {name: len(topic.partitions) for name, topic in found.items() if name[:2] != "__"}


def _sources() -> Iterator[Path]:
    for directory in _CODE:
        yield from sorted((ROOT / directory).rglob("*.py"))
    yield from (ROOT / name for name in _FILES if (ROOT / name).exists())

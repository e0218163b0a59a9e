"""Idempotency-Key: requests under one key that meet."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client

from events.models import Event, IdempotencyKey, OutboxEntry
from tests.integration.api.keyed_posts import EVENT, publish, refused, replayed

pytestmark = pytest.mark.django_db(transaction=True)

TOGETHER = 50
KEEP = """
    INSERT INTO events_idempotencykey (caller, key, fingerprint, status, body, headers, created_at)
    VALUES (%(caller)s, %(key)s, %(fingerprint)s, %(status)s, %(body)s, %(headers)s, now())
"""


def test_while_the_first_is_running_the_next_is_told_to_wait(api: Client, topic: str) -> None:
    inside: list[Any] = []

    def ask_again(execute: Any, sql: str, *rest: Any) -> Any:
        if "events_outboxentry" in sql and not inside:
            inside.append(True)
            inside.append(in_thread(lambda: publish(api, topic)))
            inside.append(in_thread(lambda: publish(api, topic, {**EVENT, "data": 2})))
        return execute(sql, *rest)

    with connection.execute_wrapper(ask_again):
        first = publish(api, topic)
    assert first.status_code == 202
    for answer in inside[1:]:
        assert refused(answer, status=409, code="idempotency-key-in-use")["Retry-After"] == "1"
    replayed(publish(api, topic), first)


def test_an_answer_kept_between_question_and_lock_is_found_in_time(
    api: Client, topic: str, database_url: str
) -> None:
    """The row comes after our snapshot and before our lock: here by somebody who takes none."""
    first = publish(api, topic)
    kept = IdempotencyKey.objects.values().get()
    IdempotencyKey.objects.all().delete()

    def keep(execute: Any, sql: str, *rest: Any) -> Any:
        if "events_outboxentry" in sql:
            with psycopg.connect(database_url) as other:
                other.execute(KEEP, {**kept, "headers": json.dumps(kept["headers"])})
        return execute(sql, *rest)

    with connection.execute_wrapper(keep):
        again = publish(api, topic)
    replayed(again, first)
    assert Event.objects.count() == 1


def test_fifty_at_once_make_one_event(api: Client, topic: str, token: str) -> None:
    start = threading.Barrier(TOGETHER, timeout=30)

    def ask(_: int) -> Any:
        client = Client(headers={"Authorization": f"Token {token}"})
        start.wait()
        try:
            return publish(client, topic)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(TOGETHER) as threads:
        answers = list(threads.map(ask, range(TOGETHER)))

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {202, 409}
    first = [a for a in answers if a.status_code == 202 and "Idempotent-Replayed" not in a]
    assert len(first) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert refused(answer, status=409, code="idempotency-key-in-use")["Retry-After"]
        elif answer is not first[0]:
            replayed(answer, first[0])
    assert Event.objects.count() == OutboxEntry.objects.count() == 1


def in_thread(work: Callable[[], Any]) -> Any:
    def run() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(run).result(20)

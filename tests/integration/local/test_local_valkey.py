"""Valkey: used, killed and frozen, with the keys still there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import redis

from local.stack import Stack
from local.valkey import Valkey


@pytest.fixture
def valkey(stack: Stack) -> Valkey:
    return stack.valkey


@pytest.fixture
def client(valkey: Valkey) -> Iterator[redis.Redis]:
    with contextlib.closing(redis.Redis.from_url(valkey.url, socket_timeout=0.3)) as client:
        yield client


def test_answered_writes_survive_kill_9(valkey: Valkey, client: redis.Redis) -> None:
    client.set("notification:invoices:1042", "kept")
    valkey.kill()
    with pytest.raises(redis.ConnectionError):
        client.get("notification:invoices:1042")
    valkey.start()
    valkey.wait_ready()
    assert client.get("notification:invoices:1042") == b"kept"


def test_a_frozen_server_does_not_answer_until_thawed(valkey: Valkey, client: redis.Redis) -> None:
    valkey.freeze()
    with pytest.raises(redis.TimeoutError):
        client.ping()
    valkey.thaw()
    valkey.wait_ready()
    assert client.ping()


def test_a_restart_keeps_port_and_data(valkey: Valkey, client: redis.Redis) -> None:
    client.set("restarted", "kept")
    valkey.restart()
    assert client.get("restarted") == b"kept"

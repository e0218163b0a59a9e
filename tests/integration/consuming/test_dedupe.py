"""Redis's part of dedupe, on a real one: "done", or "don't know"."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import caches  # noqa: TID251 - the connection made here is closed here
from django_redis import get_redis_connection

from events.consuming.dedupe import DedupeCache, Mark
from local.valkey import Valkey

MARK = Mark(dedupe_key="notification:invoices:1042", event="/shop/1", ttl_s=60)


def dedupe(group: str = "invoices", retry_s: float = 0.0) -> DedupeCache:
    return DedupeCache(group=group, alias="dedupe", retry_s=retry_s)


def test_the_key_and_the_value_are_as_documented(dedupe_redis: Any) -> None:
    dedupe().mark([MARK])
    assert dedupe_redis.get("notification:invoices:1042") == b"invoices|/shop/1"
    assert 58 <= dedupe_redis.ttl("notification:invoices:1042") <= 60
    assert dedupe().done_by(["notification:invoices:1042", "other"]) == {
        "notification:invoices:1042": "/shop/1"
    }


@pytest.mark.parametrize("value", [b"", b"invoices", b"billing|/shop/1", b"\xff\xfe", b"0"])
def test_any_other_value_means_dont_know(dedupe_redis: Any, value: bytes) -> None:
    dedupe_redis.set("notification:invoices:1042", value)
    assert dedupe().done_by(["notification:invoices:1042"]) == {}


def test_a_value_of_another_redis_type_means_dont_know(dedupe_redis: Any) -> None:
    dedupe_redis.rpush("notification:invoices:1042", "x")
    assert dedupe().done_by(["notification:invoices:1042"]) == {}


@pytest.fixture
def own_valkey(tmp_path: Path, settings: Any) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    valkey.wait_ready()
    settings.CACHES = {
        **settings.CACHES,
        "dedupe": {**settings.CACHES["dedupe"], "LOCATION": f"{valkey.url}"},
    }
    yield valkey
    caches["dedupe"].close()
    valkey.stop()


def test_an_outage_means_dont_know_and_is_said_once_each_way(
    own_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    cache = dedupe()
    cache.mark([MARK])
    own_valkey.kill()
    for _ in range(3):
        assert cache.done_by([MARK.dedupe_key]) == {}
        cache.mark([MARK])
    own_valkey.start()
    own_valkey.wait_ready()
    assert cache.done_by([MARK.dedupe_key]) == {MARK.dedupe_key: MARK.event}
    said = [each.getMessage() for each in caplog.records]
    assert said == [
        "Redis does not answer; the ledger decides alone, more slowly",
        "Redis answers again",
    ]


def test_where_scripts_are_forbidden_marks_are_set_one_by_one(
    own_valkey: Valkey,
) -> None:
    admin = redis.Redis.from_url(own_valkey.url)
    admin.acl_setuser("default", enabled=True, nopass=True, categories=["-@scripting"])
    cache = dedupe()
    for name in ("1", "2"):
        cache.mark([Mark(dedupe_key=name, event=f"/shop/{name}", ttl_s=60)])
    assert cache.done_by(["1", "2"]) == {"1": "/shop/1", "2": "/shop/2"}
    admin.close()


def test_after_a_failure_redis_is_left_alone_for_a_while(own_valkey: Valkey) -> None:
    now = [0.0]
    cache = DedupeCache(group="g", alias="dedupe", retry_s=5.0, clock=lambda: now[0])
    own_valkey.kill()
    assert cache.done_by(["k"]) == {}
    own_valkey.start()
    own_valkey.wait_ready()
    now[0] = 4.9
    cache.mark([MARK])
    assert cache.done_by([MARK.dedupe_key]) == {}
    now[0] = 5.1
    cache.mark([MARK])
    assert cache.done_by([MARK.dedupe_key]) == {MARK.dedupe_key: MARK.event}


def test_it_is_left_alone_for_longer_the_longer_it_is_away(own_valkey: Valkey) -> None:
    now = [0.0]
    cache = DedupeCache(group="g", alias="dedupe", retry_s=1.0, clock=lambda: now[0])
    cache.mark([MARK])
    own_valkey.kill()
    for now[0] in (0.0, 1.1, 3.2):  # left alone for 1, 2 and 4 seconds
        cache.done_by([MARK.dedupe_key])
    own_valkey.start()
    own_valkey.wait_ready()
    now[0] = 7.1
    assert cache.done_by([MARK.dedupe_key]) == {}
    now[0] = 7.3
    assert cache.done_by([MARK.dedupe_key]) == {MARK.dedupe_key: "/shop/1"}


def test_a_full_redis_is_still_asked_and_said_to_be_full_once(
    own_valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    cache = dedupe()
    cache.mark([MARK._replace(event="/shop/1", dedupe_key="g:1")])
    admin = redis.Redis.from_url(own_valkey.url)
    admin.config_set("maxmemory", 1)
    for number in (2, 3):
        cache.mark([Mark(dedupe_key=f"g:{number}", event="/shop/2", ttl_s=60)])
        assert cache.done_by(["g:1", f"g:{number}"]) == {"g:1": "/shop/1"}
    admin.config_set("maxmemory", 0)
    admin.close()
    cache.mark([Mark(dedupe_key="g:4", event="/shop/4", ttl_s=60)])
    assert cache.done_by(["g:4"]) == {"g:4": "/shop/4"}
    assert [each.getMessage() for each in caplog.records] == [
        "Redis does not remember what is done"
    ]


def test_a_connection_asks_once() -> None:
    connection = get_redis_connection("dedupe").connection_pool.make_connection()
    assert connection.retry.get_retries() == 0

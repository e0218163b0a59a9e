"""Settings: one frozen value, read late from Django's `WAYBILL` and the `KAFKA_*` environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from events.errors import Misconfigured
from events.rate import Rate
from events.retry import RetryPolicy

KAFKA_PREFIX = "KAFKA_"
OFF = "off"
THROTTLED = ("publish", "read", "operate")  # the scopes that have a rate each
# Variables of this prefix that are no librdkafka settings.
KAFKA_ROLES = ("PRODUCER", "CONSUMER")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds on one event and on one request, in bytes, items and levels."""

    event_bytes: int = 900_000
    key_bytes: int = 1_024
    headers: int = 32
    headers_bytes: int = 8_192
    depth: int = 64
    dedupe_key_bytes: int = 1_024
    batch_events: int = 1_000
    batch_bytes: int = 5_000_000  # of the whole body
    wait_s: int = 30  # the longest wait for Kafka that a caller may ask for


@dataclass(frozen=True, kw_only=True, slots=True)
class Waybill:
    """Every setting of Waybill, with its default. Times are seconds."""

    source: str = "/waybill"  # CloudEvents source of events published without one
    relay_database_url: str = ""
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    regions: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    allowed_topic_names: tuple[str, ...] = ()  # plain names outside the naming pattern

    waiting_requests: int = 2  # of one web process that may wait for Kafka at a time
    token_memory_s: float = 1.0  # a token is looked up no more often than this; 0: every time
    backlog_age_limit_s: float = 86_400.0  # nothing more is accepted while the oldest is older

    relay_poll_interval_s: float = 1.0  # a lost NOTIFY costs at most this
    relay_window_entries: int = 10_000  # entries in flight to Kafka
    relay_window_bytes: int = 8_000_000
    relay_max_backoff_s: float = 30.0
    heartbeat_interval_s: float = 2.0
    heartbeat_stale_s: float = 8.0

    # What each caller may do, as units in a time ("600/1m") or "off". An event published is a
    # unit; so is any other request.
    throttle_publish: str = "1200000/1m"
    throttle_read: str = "30000/1m"
    throttle_operate: str = "600/1m"
    throttle_cache: str = "throttle"  # the CACHES alias, on a Redis database of its own
    throttle_retry_s: float = 5.0  # after a failure Redis is not asked for this long

    consume_checks_schemas: bool = False  # messages that break their type's schema: dead letters
    schema_snapshot: str = ""  # the file that `checkschemas` holds the declared schemas against

    dedupe_cache: str = "dedupe"  # the CACHES alias, on a Redis database of its own
    dedupe_ttl_s: float = 7 * 86_400.0
    dedupe_retry_s: float = 1.0  # after a failure Redis is not asked for this long
    fetch_messages: int = 500
    fetch_bytes: int = 4_000_000
    chunk_messages: int = 500
    chunk_work_s: float = 0.1
    slow_work_s: float = 1.0  # work in hand for longer: partitions are paused, polling goes on
    external_chunk: int = 20
    lease_s: float = 10.0
    lease_renew_s: float = 3.0
    offset_commit_interval_s: float = 1.0
    revoke_budget_s: float = 10.0
    stop_budget_s: float = 20.0
    handler_deadline_s: float = 120.0
    probe_interval_s: float = 1.0
    control_interval_s: float = 0.5  # how often pauses, seeks and letters are looked for
    start_at: str = "earliest"  # or "latest": where a group begins in a topic it never read
    on_gap: str = "earliest"  # or "stop": what follows when Kafka lost what a group had to read
    # So many dead letters of a group within the window pause it until people resume it; 0: never.
    storm_letters: int = 100
    storm_window_s: float = 60.0
    # While consumers of its group are at work a replay rests so long after each second of its own:
    # they have the machine and the database meanwhile. 0: it does not.
    replay_rest: float = 1.0
    closed_keys: int = 10_000  # of a group; beyond them a message waits on its partition instead

    def throttle(self, scope: str) -> Rate | None:
        """Return the rate of a scope (publish, read or operate), None if it is off.

        Raises ValueError if it is written wrongly.
        """
        text = getattr(self, f"throttle_{scope}")
        return None if text == OFF else _rate(text)


@cache
def waybill() -> Waybill:
    """Return the settings; raises Misconfigured naming an unknown one."""
    given: dict[str, Any] = dict(getattr(settings, "WAYBILL", {}))
    known = {entry.name for entry in fields(Waybill)}
    unknown = sorted(set(given) - known)
    if unknown:
        raise Misconfigured(f"unknown WAYBILL settings: {', '.join(unknown)}")
    for name in ("regions", "platforms", "allowed_topic_names"):
        if name in given:
            given[name] = tuple(given[name])
    return Waybill(**given)


def kafka_settings(role: str, *, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return librdkafka settings for `role` ("producer", "consumer" or "admin").

    `KAFKA_<NAME>` counts for all; `KAFKA_PRODUCER_<NAME>` and `KAFKA_CONSUMER_<NAME>` count for
    one role and win.
    """
    shared: dict[str, str] = {"bootstrap.servers": "127.0.0.1:9092"}
    own: dict[str, str] = {}
    for variable, value in environment.items():
        if not variable.startswith(KAFKA_PREFIX):
            continue
        name = variable.removeprefix(KAFKA_PREFIX)
        head, _, rest = name.partition("_")
        if head in KAFKA_ROLES:
            if head == role.upper():
                own[_setting(rest)] = value
        else:
            shared[_setting(name)] = value
    return shared | own


@cache
def _rate(text: str) -> Rate:
    return Rate.of(text)


def _setting(name: str) -> str:
    return name.lower().replace("_", ".")


def _forget(*, setting: str, **_: object) -> None:
    if setting == "WAYBILL":
        waybill.cache_clear()


setting_changed.connect(_forget, dispatch_uid="events.conf")

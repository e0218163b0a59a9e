"""System checks: what is wrong with settings and declarations, before it goes wrong at work."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from events.conf import THROTTLED, Limits, Waybill, waybill
from events.consuming.subscriptions import Subscription, subscriptions
from events.errors import Misconfigured, UnknownEventType, UnknownTopic
from events.option_checks import wrong_options
from events.retry import RetryPolicy
from events.schemas import json_schema
from events.topics import checked_type, declared_topics

# E001 the setting WAYBILL; E002 topic names; E003 subscriptions to what is not declared;
# E004 one dedupe key for two purposes; E005 to E007 the caches of the dedupe keys and of the
# throttles; E008 schemas; E009 what a subscription says about failures and its rate.
WORD = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
DEFAULT_REDIS_PORT = 6379
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
POSITIVE = (
    "relay_poll_interval_s",
    "relay_window_entries",
    "relay_window_bytes",
    "relay_max_backoff_s",
    "backlog_age_limit_s",
    "heartbeat_interval_s",
    "dedupe_ttl_s",
    "throttle_retry_s",
    "fetch_messages",
    "fetch_bytes",
    "chunk_messages",
    "chunk_work_s",
    "external_chunk",
    "lease_s",
    "lease_renew_s",
    "offset_commit_interval_s",
    "handler_deadline_s",
    "probe_interval_s",
    "control_interval_s",
    "storm_window_s",
    "closed_keys",
)
NOT_NEGATIVE = ("storm_letters", "replay_rest")
CHOICES = {"start_at": ("earliest", "latest"), "on_gap": ("earliest", "stop")}


@register("waybill")
def check_waybill(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check the setting WAYBILL and what depends on it."""
    try:
        configured = waybill()
    except (Misconfigured, TypeError) as error:
        return [Error(str(error), hint="events/conf.py lists every setting", id="events.E001")]
    return [
        *_setting_errors(configured),
        *_policy_errors(configured),
        *_topic_name_errors(configured),
        *_throttle_errors(configured),
        *_cache_errors(configured.dedupe_cache, use="dedupe keys"),
        *_cache_errors(configured.throttle_cache, use="throttles"),
        *_ignored_exceptions(configured.dedupe_cache),
    ]


@register("waybill")
def check_subscriptions(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check what handlers subscribe to, and their dedupe keys."""
    declared = list(subscriptions())
    return [
        *_undeclared(declared),
        *_shared_dedupe_keys(declared),
        *wrong_options(declared),
    ]


@register("waybill")
def check_schemas(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that every event type's schema can be used."""
    return [*_unusable_schemas()]


def _unusable_schemas() -> Iterator[CheckMessage]:
    for topic in declared_topics():
        for event_type in topic.types:
            try:
                json_schema(event_type)
            except Misconfigured as error:
                yield Error(
                    f"topic {topic.name!r}: {error}",
                    hint="a JSON Schema without references to other hosts, a dataclass or a "
                    "msgspec Struct",
                    id="events.E008",
                )


def _setting_errors(configured: Waybill) -> Iterator[CheckMessage]:
    for name in (*POSITIVE, *NOT_NEGATIVE):
        value, may_be_0 = getattr(configured, name), name in NOT_NEGATIVE
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or value < 0 or (value == 0 and not may_be_0):
            wanted = "0, or a number above it" if may_be_0 else "a number above 0"
            yield Error(f"WAYBILL[{name!r}] must be {wanted}", id="events.E001")
    if not configured.relay_database_url:
        yield Error(
            "WAYBILL['relay_database_url'] is missing",
            hint="the address of PostgreSQL itself, not of a transaction pooler",
            id="events.E001",
        )
    if configured.heartbeat_stale_s < 2 * configured.heartbeat_interval_s:
        yield Error(
            "WAYBILL['heartbeat_stale_s'] must be at least twice 'heartbeat_interval_s'",
            hint="a living relay would be taken for a frozen one",
            id="events.E001",
        )
    if configured.lease_s < 2 * configured.lease_renew_s:
        yield Error("WAYBILL['lease_s'] must be at least twice 'lease_renew_s'", id="events.E001")
    for name, kind in (("limits", Limits), ("retry", RetryPolicy)):
        if not isinstance(getattr(configured, name), kind):
            yield Error(f"WAYBILL[{name!r}] must be a {kind.__name__}", id="events.E001")


def _policy_errors(configured: Waybill) -> Iterator[CheckMessage]:
    for name, choices in CHOICES.items():
        if getattr(configured, name) not in choices:
            yield Error(f"WAYBILL[{name!r}] must be one of {', '.join(choices)}", id="events.E001")
    letters: Any = configured.storm_letters
    if not isinstance(letters, int) or letters < 0:
        yield Error(
            "WAYBILL['storm_letters'] must be a whole number from 0 (never) on", id="events.E001"
        )


def _topic_name_errors(configured: Waybill) -> Iterator[CheckMessage]:
    if not configured.regions and not configured.platforms:
        return
    for topic in declared_topics():
        if topic.name not in configured.allowed_topic_names and not _is_conventional(
            topic.name, configured
        ):
            yield Error(
                f"topic {topic.name!r} is not named <item>_<event>_<region>_<platform>",
                hint=(
                    f"regions: {', '.join(configured.regions)}; platforms: "
                    f"{', '.join(configured.platforms)}; or add it to "
                    "WAYBILL['allowed_topic_names']"
                ),
                id="events.E002",
            )


def _is_conventional(name: str, configured: Waybill) -> bool:
    match name.split("_"):
        case [item, event, region, platform]:
            return (
                bool(WORD.fullmatch(item) and WORD.fullmatch(event))
                and region in configured.regions
                and platform in configured.platforms
            )
    return False


def _undeclared(declared: Sequence[Subscription]) -> Iterator[CheckMessage]:
    for subscription in declared:
        try:
            checked_type(subscription.topic, subscription.type)
        except (UnknownTopic, UnknownEventType) as error:
            yield Error(
                f"{subscription.name} of group {subscription.group!r}: {error}",
                hint="declare it in <app>/topics.py",
                id="events.E003",
            )


def _shared_dedupe_keys(declared: Sequence[Subscription]) -> Iterator[CheckMessage]:
    for one, other in combinations(declared, 2):
        if one.group == other.group and _shape(one) is not None and _shape(one) == _shape(other):
            yield Error(
                f"{one.name} and {other.name} of group {one.group!r} share the dedupe key "
                f"{one.dedupe_key!r}",
                hint="the second of them would never run: give each purpose a key of its own",
                id="events.E004",
            )


def _shape(subscription: Subscription) -> str | None:
    # Only what stands around the fields tells two keys apart: {order_id} and {id} may be equal.
    template = subscription.dedupe_key
    return PLACEHOLDER.sub("{}", template) if isinstance(template, str) else None


def _throttle_errors(configured: Waybill) -> Iterator[CheckMessage]:
    for scope in THROTTLED:
        try:
            configured.throttle(scope)
        except (TypeError, ValueError) as error:
            yield Error(
                f"WAYBILL['throttle_{scope}']: {error}",
                hint='units in a time, like "600/1m", or "off"',
                id="events.E001",
            )


def _cache_errors(alias: str, *, use: str) -> Iterator[CheckMessage]:
    caches = settings.CACHES
    if alias not in caches:
        yield Error(f"CACHES has no alias {alias!r} for {use}", id="events.E005")
        return
    own = _databases(caches[alias])
    for name, cache in caches.items():
        if name != alias and own & _databases(cache):
            yield Error(
                f"the caches {alias!r} and {name!r} use one Redis database",
                hint="they would share a connection pool and its timeouts, and cache.clear() "
                f"would forget the {use}: give {alias!r} a database number of its own",
                id="events.E006",
            )


def _ignored_exceptions(alias: str) -> Iterator[CheckMessage]:
    ignores = getattr(settings, "DJANGO_REDIS_IGNORE_EXCEPTIONS", False)
    options = settings.CACHES.get(alias, {}).get("OPTIONS", {})
    if options.get("IGNORE_EXCEPTIONS", ignores):
        yield Error(
            f"the cache {alias!r} ignores exceptions",
            hint="an outage of Redis must be told from an answer: remove IGNORE_EXCEPTIONS",
            id="events.E007",
        )


def _databases(cache: dict[str, Any]) -> set[tuple[str | None, int, str]]:
    if "redis" not in cache.get("BACKEND", "").lower():
        return set()
    location = cache.get("LOCATION", "")
    addresses = location.split(",") if isinstance(location, str) else location
    parts = [urlsplit(address.strip()) for address in addresses]
    return {
        (part.hostname, part.port or DEFAULT_REDIS_PORT, part.path.strip("/") or "0")
        for part in parts
    }

"""System checks find what is wrong with settings and declarations."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from events.checks import check_schemas, check_subscriptions, check_waybill
from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.retry import RetryPolicy
from events.topics import EventType, Topic, declare_topic, forget_topic

Declare = Callable[..., None]


def found(messages: list[Any]) -> list[str]:
    return [str(message.id) for message in messages]


def check(settings: Any, **changes: object) -> list[str]:
    settings.WAYBILL = {**settings.WAYBILL, **changes}
    return found(check_waybill(None))


@pytest.fixture
def topic_name() -> Iterator[str]:
    name = f"unit_{uuid.uuid4().hex}"
    yield name
    forget_topic(name)


@pytest.fixture
def handler() -> Iterator[Declare]:
    declared: list[dict[str, str]] = []

    def declare(topic: str, event_type: str, **options: Any) -> None:
        group = options.pop("group", "unit-checks")

        @subscribe(topic, group=group, type=event_type, **options)
        def handle(event: ReceivedEvent) -> None:
            """Never called."""

        declared.append({"topic": topic, "group": group, "type": event_type})

    yield declare
    for names in declared:
        unsubscribe(names["topic"], group=names["group"], type=names["type"])


def declare_one(name: str) -> None:
    types = (EventType(name="a.happened"), EventType(name="b.happened"))
    declare_topic(Topic(name=name, types=types))


def test_the_project_as_it_is_passes() -> None:
    assert found([*check_waybill(None), *check_subscriptions(None)]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such_setting": 1},
        {"relay_poll_interval_s": 0},
        {"relay_window_entries": "many"},
        {"heartbeat_stale_s": 1.0},
        {"lease_renew_s": 9.0},
        {"relay_database_url": ""},
        {"limits": {"event_bytes": 1}},
        {"throttle_publish": "many"},
        {"throttle_read": "0/1m"},
        {"throttle_operate": None},
    ],
)
def test_a_wrong_setting_is_e001(settings: Any, changes: dict[str, object]) -> None:
    assert check(settings, **changes) == ["events.E001"]


@pytest.mark.parametrize("name", ["order_created_eu_web", "order-line_created_us_ios"])
def test_topics_named_by_the_convention_pass(settings: Any, name: str) -> None:
    declare_one(name)
    try:
        assert check(settings) == []
    finally:
        forget_topic(name)


@pytest.mark.parametrize("name", ["order_created_mars_web", "order_created_eu", "a__eu_web"])
def test_topics_named_otherwise_are_e002(settings: Any, name: str) -> None:
    declare_one(name)
    try:
        assert check(settings) == ["events.E002"]
        assert check(settings, regions=[], platforms=[]) == []  # the convention is not in use
        assert check(settings, regions=["eu"], allowed_topic_names=["order_invoices", name]) == []
    finally:
        forget_topic(name)


def test_a_subscription_to_what_is_not_declared_is_e003(topic_name: str, handler: Declare) -> None:
    handler(topic_name, "a.happened")
    assert found(check_subscriptions(None)) == ["events.E003"]
    declare_one(topic_name)
    assert found(check_subscriptions(None)) == []
    handler(topic_name, "c.happened")
    assert found(check_subscriptions(None)) == ["events.E003"]


def test_one_dedupe_key_for_two_handlers_of_a_group_is_e004(
    topic_name: str, handler: Declare
) -> None:
    declare_one(topic_name)
    handler(topic_name, "a.happened", dedupe_key="mail:{order_id}")
    handler(topic_name, "a.happened", dedupe_key="mail:{order_id}", group="another")
    assert found(check_subscriptions(None)) == []
    handler(topic_name, "b.happened", dedupe_key="mail:{id}")
    assert found(check_subscriptions(None)) == ["events.E004"]


def test_a_schema_that_cannot_be_used_is_e008(topic_name: str) -> None:
    broken = EventType(name="a.happened", schema={"$ref": "http://schemas.invalid/a"})
    declare_topic(Topic(name=topic_name, types=(broken,)))
    assert found(check_schemas(None)) == ["events.E008"]


@pytest.mark.parametrize("use", ["dedupe_cache", "throttle_cache"])
def test_a_missing_cache_is_e005(settings: Any, use: str) -> None:
    assert check(settings, **{use: "nowhere"}) == ["events.E005"]


@pytest.mark.parametrize("use", ["dedupe", "throttle"])
@pytest.mark.parametrize(
    ("other", "ids"),
    [
        ("redis://h:6379/0", ["events.E006"]),
        ("redis://h/", ["events.E006"]),
        ("redis://h:6379/1", []),
        ("redis://h2:6379/0", []),
    ],
)
def test_a_cache_of_ours_that_shares_its_database_is_e006(
    settings: Any, use: str, other: str, ids: list[str]
) -> None:
    redis = "django_redis.cache.RedisCache"
    settings.CACHES = {
        "default": {"BACKEND": redis, "LOCATION": other},
        "dedupe": {"BACKEND": redis, "LOCATION": "redis://h:6379/8"},
        "throttle": {"BACKEND": redis, "LOCATION": "redis://h:6379/9"},
        use: {"BACKEND": redis, "LOCATION": "redis://h:6379/0"},
    }
    assert check(settings) == ids


def test_a_dedupe_cache_that_ignores_exceptions_is_e007(settings: Any) -> None:
    dedupe = settings.CACHES["dedupe"]
    options = {**dedupe["OPTIONS"], "IGNORE_EXCEPTIONS": True}
    settings.CACHES = {**settings.CACHES, "dedupe": {**dedupe, "OPTIONS": options}}
    assert check(settings) == ["events.E007"]


@pytest.mark.parametrize(
    "options",
    [
        {"rate": "100 a second"},
        {"on_exhausted": "ignore"},
        {"retry": RetryPolicy(scope="topic")},  # type: ignore[arg-type]
        {"retry": 3},
        {"retry_on": {ValueError: 3}},
        {"retry_on": {"ValueError": RetryPolicy()}},
    ],
)
def test_what_a_subscription_says_wrongly_about_failures_is_found(
    topic_name: str, handler: Declare, options: dict[str, Any]
) -> None:
    declare_one(topic_name)
    handler(topic_name, "a.happened", **options)
    assert found(check_subscriptions(None)) == ["events.E009"]


def test_what_it_says_rightly_is_not(topic_name: str, handler: Declare) -> None:
    declare_one(topic_name)
    often = RetryPolicy(max_attempts=20, scope="key")
    options = {"retry_on": {OSError: often}, "on_exhausted": "quarantine", "rate": "100/1s"}
    handler(topic_name, "a.happened", **options)
    assert found(check_subscriptions(None)) == []


@pytest.mark.parametrize(
    "changes",
    [{"start_at": "now"}, {"on_gap": "skip"}, {"storm_letters": -1}, {"control_interval_s": 0}],
)
def test_settings_about_positions_and_storms_are_checked(
    settings: Any, changes: dict[str, object]
) -> None:
    assert "events.E001" in check(settings, **changes)

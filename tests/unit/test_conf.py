"""Settings: from the environment to librdkafka, and unknown ones refused."""

from typing import Any

import pytest

from events.conf import kafka_settings, waybill
from events.errors import Misconfigured


def test_kafka_variables_become_librdkafka_settings_by_role() -> None:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": "a:1",
        "KAFKA_SASL_USERNAME": "u",
        "KAFKA_CONSUMER_SESSION_TIMEOUT_MS": "6000",
        "KAFKA_PRODUCER_LINGER_MS": "1",
        "OTHER": "x",
    }
    shared = {"bootstrap.servers": "a:1", "sasl.username": "u"}
    assert kafka_settings("admin", environment=environment) == shared
    assert kafka_settings("consumer", environment=environment) == shared | {
        "session.timeout.ms": "6000"
    }
    assert kafka_settings("producer", environment=environment) == shared | {"linger.ms": "1"}


def test_an_unknown_setting_is_refused_by_name(settings: Any) -> None:
    settings.WAYBILL = {"sauce": "/x"}
    with pytest.raises(Misconfigured, match="sauce"):
        waybill()

"""F12: ten megabytes: refused at the door, parked in the outbox, unparked when they may pass.

With it: what is on Kafka already is republished, and the audit says by whom.
"""

import base64
import os
import uuid

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource

from events.publishing.buckets import bucket_of
from tests.acceptance.api_client import ApiClient
from tests.acceptance.system import System
from tests.checker import durable_lines
from tests.checker.invariants import violations
from tests.waiting import wait_until

LARGE = b'"' + base64.b64encode(os.urandom(7_500_000)) + b'"'  # as it is: it hardly shrinks
KEY = "k"
_FORCED = """
    WITH forced AS (
        INSERT INTO events_event (id, source, ce_id, topic, key, type, subject, content_type,
            value, value_sha256, headers, traceparent, occurred_at, accepted_at, published_by,
            request_id, idempotency_key)
        VALUES (%(id)s, '/forced', '1', %(topic)s, %(key)s, 'thing.happened', '',
            'application/json', %(value)s, sha256(%(value)s), '[]', '', now(), now(), '', '', '')
        RETURNING id, encode(value_sha256, 'hex') AS sha256
    ), queued AS (
        INSERT INTO events_outboxentry (event_id, topic, key, bucket, cause, by, created_at,
            attempts, last_error)
        SELECT id, %(topic)s, %(key)s, %(bucket)s, 'first', '', now(), 0, '' FROM forced
    )
    SELECT sha256 FROM forced
"""


def test_ten_megabytes_stop_nobody_and_pass_once_they_may(system: System) -> None:
    web, relay = (
        system.web(),
        system.relay(variables={"KAFKA_PRODUCER_MESSAGE_MAX_BYTES": "20000000"}),
    )
    for process in (web, relay, system.consumer()):
        process.start()
    client = ApiClient(system.web_port, token=system.token)
    client.wait_until_ready()
    path = f"/api/v1/topics/{system.topic}/events"
    refused = client.post(path, b'{"type": "thing.happened", "data": %s}' % LARGE)
    assert (refused.status, refused.json["code"]) == (413, "too-large")

    forced = force_into_the_outbox(system)
    follower = client.post(path, b'{"type": "thing.happened", "key": "k", "data": 2}').json["id"]
    relay.wait_for_log("an event can never be written and is parked", timeout_s=30)
    system.publish(50)
    wait_until(lambda: system.effects() == 50, timeout_s=30)
    told = client.get(f"/api/v1/events/{forced}").json
    assert told["state"] == "parked"
    assert "too large" in system.value("SELECT max(last_error) FROM events_outboxentry")
    assert client.get(f"/api/v1/events/{follower}").json["state"] == "accepted"

    let_large_records_pass(system)
    assert "1 unparked." in operate(system, "unpark", str(forced))
    wait_until(lambda: system.effects() == 52, timeout_s=30)
    assert client.get(f"/api/v1/events/{forced}").json["state"] == "published"

    assert "1 republished." in operate(system, "republish", follower)
    all_causes = "SELECT string_agg(cause || ':' || by, ' ' ORDER BY id) FROM events_publication"
    causes = f"{all_causes} WHERE event_id = '{follower}'"
    wait_until(lambda: system.value(causes) == "first:client republish:ada", timeout_s=15)
    system.wait_until_recovered()
    assert system.effects() == 52
    assert violations(system.history()) == []


def force_into_the_outbox(system: System) -> uuid.UUID:
    """Store an event that the API would have refused, as its client would note it."""
    forced = uuid.uuid4()
    row = {
        "id": forced,
        "topic": system.topic,
        "key": KEY,
        "value": LARGE,
        "bucket": bucket_of(system.topic, KEY, event_id=str(forced)),
    }
    with system.database() as database:
        found = database.execute(_FORCED.encode(), row).fetchone()
    assert found is not None
    line = {"source": "/forced", "id": "1", "topic": system.topic, "key": KEY}
    durable_lines.append(system.journal, [{**line, "value_sha256": found[0]}])
    return forced


def let_large_records_pass(system: System) -> None:
    """Mend the cause: the topic takes 20 MB from now on."""
    limit = ConfigEntry(
        "max.message.bytes", "20000000", incremental_operation=AlterConfigOpType.SET
    )
    resource = ConfigResource(ConfigResource.Type.TOPIC, system.topic, incremental_configs=[limit])
    admin = AdminClient({"bootstrap.servers": system.kafka})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result(10)


def operate(system: System, *words: str) -> str:
    """Run an operator's command; return what it said."""
    process = system.command(words[0], *words, "--reason", "a test", "--by", "ada")
    process.start()
    assert process.wait_exit(30) == 0, process.log.tail()
    return process.log.text()

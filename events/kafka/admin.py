"""Topics on the broker: read, create and change them; nothing here removes anything."""

from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewPartitions, NewTopic

from events.conf import kafka_settings
from events.errors import ServiceUnavailable, WaybillError
from events.kafka.topic_plan import AddPartitions, AlterConfig, Change, CreateTopic, ExistingTopic
from events.topics import Topic

AWAY = frozenset(
    {
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        KafkaError.REQUEST_TIMED_OUT,
    }
)


class TopicNotChanged(WaybillError):
    """Kafka refused a change; the text is Kafka's."""


class KafkaTopics:
    """The broker's topics. Every call waits at most `timeout_s` seconds.

    Raises ServiceUnavailable when Kafka does not answer, TopicNotChanged when it refuses.
    """

    def __init__(self, *, timeout_s: float = 8.0) -> None:
        self._timeout_s = timeout_s
        # Kept: a client that is collected takes its unfinished futures with it.
        self._client = AdminClient({**kafka_settings("admin"), "log_level": 2})

    def existing(self, declared: Iterable[Topic]) -> dict[str, ExistingTopic]:
        """Return all topics but Kafka's own, with the config keys that are declared."""
        try:
            found = self._client.list_topics(timeout=self._timeout_s).topics
        except KafkaException as error:
            raise _as_ours(error) from error
        configs = self._configs([topic for topic in declared if topic.name in found])
        return {
            name: ExistingTopic(
                partitions=len(topic.partitions),
                replication_factor=min(
                    (len(partition.replicas) for partition in topic.partitions.values()), default=0
                ),
                config=configs.get(name, {}),
            )
            for name, topic in found.items()
            if not name.startswith("__")
        }

    def make(self, change: Change) -> None:
        """Carry out one change; that another process did it meanwhile is fine."""
        match change:
            case CreateTopic(topic=topic):
                new = NewTopic(
                    topic.name,
                    topic.partitions,
                    topic.replication_factor,
                    config=dict(topic.config),
                )
                self._wait(
                    self._client.create_topics([new], request_timeout=self._timeout_s),
                    accepted=KafkaError.TOPIC_ALREADY_EXISTS,
                )
            case AddPartitions(name=name, wanted=wanted):
                more = NewPartitions(name, wanted)
                self._wait(
                    self._client.create_partitions([more], request_timeout=self._timeout_s),
                    # So many already: INVALID_PARTITIONS.
                    accepted=KafkaError.INVALID_PARTITIONS,
                )
            case AlterConfig(name=name, key=key, wanted=wanted):
                entry = ConfigEntry(key, wanted, incremental_operation=AlterConfigOpType.SET)
                resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[entry])
                self._wait(
                    self._client.incremental_alter_configs(
                        [resource], request_timeout=self._timeout_s
                    )
                )

    def _configs(self, topics: list[Topic]) -> dict[str, dict[str, str]]:
        wanted = {topic.name: set(topic.config) for topic in topics if topic.config}
        if not wanted:
            return {}
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in wanted]
        futures = self._client.describe_configs(resources, request_timeout=self._timeout_s)
        found = self._wait(futures)
        return {
            resource.name: {
                key: entry.value for key, entry in entries.items() if key in wanted[resource.name]
            }
            for resource, entries in found.items()
        }

    def _wait(
        self, futures: Mapping[Any, "Future[Any]"], *, accepted: int | None = None
    ) -> dict[Any, Any]:
        results = {}
        for asked, future in futures.items():
            try:
                results[asked] = future.result(self._timeout_s + 1)
            except KafkaException as error:
                if error.args[0].code() != accepted:
                    raise _as_ours(error) from error
            except TimeoutError as error:
                raise ServiceUnavailable("Kafka", "no answer in time") from error
        return results


def _as_ours(error: KafkaException) -> WaybillError:
    cause: KafkaError = error.args[0]
    if cause.code() in AWAY:
        return ServiceUnavailable("Kafka", cause.str())
    return TopicNotChanged(cause.str())

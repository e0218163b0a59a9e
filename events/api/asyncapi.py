"""AsyncAPI: the topics, their event types and who consumes them, as a document for machines.

Source: AsyncAPI 3.0.0, Kafka bindings 0.5.0, CloudEvents 1.0.2 Kafka protocol binding.
"""

from collections.abc import Iterable
from typing import Any

from events.consuming.subscriptions import Subscription
from events.schemas import json_schema
from events.topics import EventType, Topic

VERSION = "1"  # of the interface, as in /api/v1
_KAFKA = "0.5.0"
_JSON_SCHEMA = "application/schema+json;version=draft-2020-12"
_TEXT = {"type": "string"}
_HEADERS: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in binary content mode; extensions travel as ce_<name>.",
    "properties": {
        "ce_id": _TEXT,
        "ce_source": {**_TEXT, "format": "uri-reference"},
        "ce_type": _TEXT,
        "ce_specversion": {"const": "1.0"},
        "ce_time": {**_TEXT, "format": "date-time"},
        "ce_subject": _TEXT,
        "ce_partitionkey": {**_TEXT, "description": "The key, where there is one."},
        "ce_waybillid": {**_TEXT, "format": "uuid", "description": "The id of its waybill."},
        "content-type": _TEXT,
        "traceparent": {**_TEXT, "description": "W3C Trace Context"},
    },
    "required": ["ce_id", "ce_source", "ce_type", "ce_specversion", "ce_time", "content-type"],
}


def asyncapi_document(
    topics: Iterable[Topic], *, subscriptions: Iterable[Subscription]
) -> dict[str, Any]:
    """Return the document of these topics, with what is sent to them and what receives from them.

    Raises Misconfigured for a schema that cannot be used.
    """
    described = list(topics)
    names = {topic.name for topic in described}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Waybill",
            "version": VERSION,
            "description": "Topics and event types. Every message is a CloudEvent in binary mode.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in described},
        "operations": {
            **{f"publish.{topic.name}": _sending(topic) for topic in described},
            **{
                f"consume.{each.group}.{each.topic}.{each.type}": _receiving(each)
                for each in subscriptions
                if each.topic in names
            },
        },
        "components": {
            "messages": {
                _name(topic.name, each.name): _message(topic, each)
                for topic in described
                for each in topic.types
            },
            "schemas": {
                "headers": _HEADERS,
                **{
                    _name(topic.name, each.name): _payload(topic, each)
                    for topic in described
                    for each in topic.types
                    if each.schema is not None
                },
            },
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    kafka: dict[str, Any] = {
        "topic": topic.name,
        "partitions": topic.partitions,
        "replicas": topic.replication_factor,
        "bindingVersion": _KAFKA,
    }
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {
            each.name: {"$ref": f"#/components/messages/{_name(topic.name, each.name)}"}
            for each in topic.types
        },
        "bindings": {"kafka": kafka},
    }


def _sending(topic: Topic) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"Events accepted for {topic.name} are produced to it.",
    }


def _receiving(subscription: Subscription) -> dict[str, Any]:
    channel = f"#/channels/{subscription.topic}"
    return {
        "action": "receive",
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{subscription.type}"}],
        "summary": f"The group {subscription.group} handles it by {subscription.name}.",
        "bindings": {
            "kafka": {"groupId": {"const": subscription.group}, "bindingVersion": _KAFKA}
        },
    }


def _message(topic: Topic, event_type: EventType) -> dict[str, Any]:
    name = _name(topic.name, event_type.name)
    message: dict[str, Any] = {
        "name": event_type.name,
        "summary": event_type.description,
        "headers": {"$ref": "#/components/schemas/headers"},
        "bindings": {"kafka": {"key": _TEXT, "bindingVersion": _KAFKA}},
    }
    if event_type.schema is not None:
        message["payload"] = {"$ref": f"#/components/schemas/{name}"}
    return message


def _payload(topic: Topic, event_type: EventType) -> dict[str, Any]:
    # References within a schema start at its own root; here that root lies further down.
    root = f"#/components/schemas/{_name(topic.name, event_type.name)}/schema"
    return {"schemaFormat": _JSON_SCHEMA, "schema": _moved(json_schema(event_type), root)}


def _moved(schema: Any, root: str) -> Any:
    if isinstance(schema, list):
        return [_moved(each, root) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: root + value.removeprefix("#")
        if word == "$ref" and isinstance(value, str) and value.startswith("#")
        else _moved(value, root)
        for word, value in schema.items()
    }


def _name(topic: str, event_type: str) -> str:
    return f"{topic}.{event_type}"

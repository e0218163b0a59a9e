"""The AsyncAPI document: valid by the specification's own schema, whatever is declared."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from events.api.asyncapi import asyncapi_document
from events.consuming.subscriptions import Subscription, subscriptions
from events.event import ReceivedEvent
from events.topics import EventType, Topic, declared_topics

SPECIFICATION = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_bytes())


@dataclass
class Line:
    sku: str


@dataclass
class Order:
    order_id: str
    lines: list[Line]
    parent: "Order | None" = None


TOPIC = Topic(
    name="shop.order-placed_eu",
    types=(
        EventType(name="order.placed", description="A customer ordered.", schema=Order),
        EventType(name="order.placed.v2", schema={"type": "object", "items": {"$ref": "#"}}),
        EventType(name="order.seen"),
    ),
    partitions=6,
    description="Orders.",
)


def ignore(event: ReceivedEvent) -> None:
    """Do nothing."""


SUBSCRIPTION = Subscription(
    group="mail", topic=TOPIC.name, type="order.placed", handler=ignore, name="shop.ignore"
)


def document(*topics: Topic) -> dict[str, Any]:
    return asyncapi_document(topics, subscriptions=[SUBSCRIPTION])


def referred(document: dict[str, Any], reference: str) -> Any:
    """What a reference of the document points at; raises KeyError."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(references, part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
    return own.union(*map(references, part.values()))


@pytest.mark.parametrize("topics", [[], [TOPIC], list(declared_topics())])
def test_the_document_is_valid_and_refers_to_nothing_that_is_not_there(
    topics: list[Topic],
) -> None:
    made = asyncapi_document(topics, subscriptions=[SUBSCRIPTION, *subscriptions()])
    jsonschema.Draft7Validator(SPECIFICATION).validate(made)
    for reference in references(made):
        referred(made, reference)


def test_the_specification_refuses_what_is_wrong() -> None:
    made = document(TOPIC)
    made["operations"][f"publish.{TOPIC.name}"]["action"] = "shout"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft7Validator(SPECIFICATION).validate(made)


def test_topics_and_groups_are_told_as_they_are_declared() -> None:
    made = document(TOPIC)
    channel = made["channels"][TOPIC.name]
    assert channel["address"] == TOPIC.name
    assert channel["bindings"]["kafka"]["partitions"] == 6
    assert list(channel["messages"]) == ["order.placed", "order.placed.v2", "order.seen"]
    [message] = made["operations"][f"consume.mail.{TOPIC.name}.order.placed"]["messages"]
    assert referred(made, referred(made, message["$ref"])["$ref"])["name"] == "order.placed"


def test_a_schema_keeps_its_meaning_where_it_lies_now() -> None:
    made = document(TOPIC)
    name = f"{TOPIC.name}.order.placed"
    schema = {**made, "$ref": f"#/components/schemas/{name}/schema"}
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({"order_id": "1", "lines": [], "parent": None})
    assert not validator.is_valid({"order_id": "1", "lines": [{"sku": 1}]})
    assert not validator.is_valid({"order_id": "1", "lines": [], "parent": {}})


def test_a_group_of_a_topic_that_is_not_shown_is_not_shown_either() -> None:
    assert document()["operations"] == {}

"""Topics over HTTP: what is declared, and what the caller may do with it."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.openapi.reading import TOPIC, TOPICS
from events.api.parameters import Parameters
from events.consuming.subscriptions import groups, subscriptions
from events.errors import UnknownTopic
from events.grants import Grants, Right, grants_of
from events.schemas import json_schema
from events.topics import EventType, Topic, declared_topics, topic_named


class TopicsView(ApiView):
    """GET /api/v1/topics"""

    @TOPICS
    def get(self, request: Request) -> Response:
        """List the declared topics with which the caller may do anything, by name."""
        Parameters(request).refuse()
        grants = grants_of(request.user)
        shown = (each for each in declared_topics() if _rights(grants, each.name))
        return Response({"topics": [_record(topic, grants=grants) for topic in shown]})


class TopicView(ApiView):
    """GET /api/v1/topics/{topic}"""

    @TOPIC
    def get(self, request: Request, topic: str) -> Response:
        """Return one topic; one with which the caller may do nothing is as good as unknown."""
        Parameters(request).refuse()
        grants = grants_of(request.user)
        if not _rights(grants, topic):
            raise UnknownTopic(f"no topic {topic!r} is declared")
        return Response(_record(topic_named(topic), grants=grants))


def _record(topic: Topic, *, grants: Grants) -> dict[str, Any]:
    address = f"/api/v1/topics/{topic.name}"
    return {
        "name": topic.name,
        "description": topic.description,
        "partitions": topic.partitions,
        "types": [_type(each) for each in topic.types],
        "groups": _groups(topic.name),
        "rights": _rights(grants, topic.name),
        "links": {"self": address, "publish": f"{address}/events"},
    }


def _type(event_type: EventType) -> dict[str, Any]:
    return {
        "name": event_type.name,
        "description": event_type.description,
        "schema": json_schema(event_type),
    }


def _groups(topic: str) -> list[str]:
    subscribed = {each.group for each in subscriptions() if each.topic == topic}
    return [group for group in groups() if group in subscribed]


def _rights(grants: Grants, topic: str) -> list[str]:
    return [right.value for right in Right if grants.allows(right, topic)]

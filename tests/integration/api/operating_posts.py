"""Posting what operators ask for, and what the audit holds of it."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from events.consuming.subscriptions import subscribe, unsubscribe
from events.event import ReceivedEvent
from events.models import OperatorAction, TopicGrant

JSON = "application/json"
WHY = "the tax table is mended"


def post(api: Client, address: str, body: object, **headers: str) -> Any:
    """POST bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    # The client itself leaves the content type of an empty body out.
    return api.generic("POST", f"/api/v1/{address}", content, CONTENT_TYPE=JSON, headers=headers)


def refused(answer: Any, *, status: int, code: str, pointers: list[str] | None = None) -> Any:
    """The problem of an answer, which must be of this kind."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer["Content-Type"] == "application/problem+json"
    if pointers is not None:
        assert [error["pointer"] for error in problem["errors"]] == pointers, problem
    return problem


def grant(user: User, topic: str, *rights: str) -> TopicGrant:
    """Give rights: read, operate, see_values, publish."""
    return TopicGrant.objects.create(
        user=user, topic=topic, **{f"may_{each}": True for each in rights}
    )


def actions() -> list[tuple[str, str, str, bool]]:
    """What the audit holds, the oldest first: who, what, on what, allowed."""
    rows = OperatorAction.objects.order_by("at", "id")
    return [(row.actor, row.action, row.target_id, row.allowed) for row in rows]


def audited(actor: str, action: str, target: object, *, allowed: bool = True) -> None:
    """The audit holds this alone, with the reason, the address and the request's id."""
    assert actions() == [(actor, action, str(target), allowed)]
    row = OperatorAction.objects.get()
    assert (row.reason, row.origin) == (WHY, "127.0.0.1")
    assert row.request_id == "request-7"


def done(event: ReceivedEvent) -> None:
    """A handler that does nothing."""


@contextmanager
def subscribed(*topics: str, type: str = "thing.happened") -> Iterator[str]:  # noqa: A002
    """A group of nobody else that subscribes to these topics."""
    group = f"test-{uuid.uuid4().hex}"
    for topic in topics:
        subscribe(topic, group=group, type=type)(done)
    yield group
    for topic in topics:
        unsubscribe(topic, group=group, type=type)

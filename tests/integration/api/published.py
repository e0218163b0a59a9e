"""Posting to the publishing address, in every form."""

import json
from typing import Any

from django.test import Client

JSON = "application/json"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
TYPE = "thing.happened"
CLOUD_EVENT = {"specversion": "1.0", "id": "1", "source": "/shop", "type": TYPE}
CE_HEADERS = {f"ce-{name}": value for name, value in CLOUD_EVENT.items()}


def address_of(topic: str) -> str:
    return f"/api/v1/topics/{topic}/events"


def post(
    api: Client,
    topic: str,
    body: object,
    *,
    content_type: str = JSON,
    headers: dict[str, str] | None = None,
    query: str = "",
) -> Any:
    """POST bytes as they are, anything else as JSON; an empty content type is left out."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return api.generic(
        "POST",
        address_of(topic) + query,
        content,
        content_type=content_type,
        headers=headers or {},
    )


def refused(answer: Any, *, status: int, code: str, pointers: list[str] | None = None) -> Any:
    """The problem of an answer, which must be of this kind."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer["Content-Type"] == "application/problem+json"
    if pointers is not None:
        assert [error["pointer"] for error in problem["errors"]] == pointers, problem
    return problem

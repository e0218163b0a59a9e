"""Keyed posts: an event posted under an Idempotency-Key, and what an answer to one must be."""

import json
from typing import Any

from django.test import Client

JSON = "application/json"
KEY = '"8e03978e-40d5-43dd-bc93-6894a57f9324"'
EVENT = {"type": "thing.happened", "data": {"a": 1}, "key": "k"}


def publish(
    api: Client, topic: str, body: object = EVENT, *, key: str = KEY, query: str = ""
) -> Any:
    return api.post(
        f"/api/v1/topics/{topic}/events{query}",
        body if isinstance(body, bytes) else json.dumps(body).encode(),
        content_type=JSON,
        headers={"Idempotency-Key": key},
    )


def refused(answer: Any, *, status: int, code: str) -> Any:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert "Idempotent-Replayed" not in answer
    return answer


def replayed(again: Any, first: Any) -> None:
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Content-Type"] == first["Content-Type"]
    assert again.get("Location") == first.get("Location")

"""Answers are what the OpenAPI document says of them, where no single shape covers them."""

from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from events.api.openapi.assembly import openapi_document
from tests.integration.api.published import JSON, TYPE, post

pytestmark = pytest.mark.django_db


def described(address: str, method: str, status: int) -> Draft202012Validator:
    """The validator of an answer, with the document around it for its references."""
    document = openapi_document()
    answer = document["paths"][address][method]["responses"][str(status)]
    shape: dict[str, Any] = {
        **answer["content"][JSON]["schema"],
        "components": document["components"],
    }
    return Draft202012Validator(shape)


def test_each_event_of_a_batch_is_answered_as_described(api: Client, topic: str) -> None:
    batch = [{"type": TYPE, "data": 1}, {"type": "thing.vanished", "data": 1}, {"type": TYPE}]

    answer = post(api, topic, batch, query="?atomic=false")

    assert answer.status_code == 207
    described("/api/v1/topics/{topic}/events", "post", 207).validate(answer.json())

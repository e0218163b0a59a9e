"""The documents about the API, described."""

from events.api.openapi.operation import Answer, Operation

ASYNCAPI = Operation(
    id="asyncapi",
    tag="Documents",
    summary="The topics and event types, as AsyncAPI 3.0",
    description="Holds the topics that the caller may publish to or read.",
    answers=[
        Answer(
            status=200,
            description="The document.",
            shape={"type": "object", "required": ["asyncapi", "channels"]},
        )
    ],
)
SCHEMA = Operation(
    id="schema",
    tag="Documents",
    summary="This document, as OpenAPI 3.1",
    is_public=True,
    answers=[
        Answer(
            status=200,
            description="The document.",
            shape={"type": "object", "required": ["openapi", "paths"]},
        )
    ],
)

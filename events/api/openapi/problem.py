"""Problems, described."""

from events.api.openapi.shapes import TEXT, WHOLE, listed, partial, record

PROBLEM = partial(
    record(
        "What went wrong (RFC 9457).",
        type={**TEXT, "format": "uri-reference", "description": "A page that explains it."},
        title=TEXT,
        status=WHOLE,
        detail={**TEXT, "description": "What to do."},
        instance={**TEXT, "format": "uri-reference"},
        code={**TEXT, "description": "Stable; decide by this."},
        request_id=TEXT,
        errors=listed(
            record(
                "One broken rule.",
                pointer={**TEXT, "description": "Where: a JSON pointer (RFC 6901)."},
                detail=TEXT,
            )
        ),
    ),
    "errors",
)
# Of one event of a batch: the request is the whole batch's.
ITEM_PROBLEM = partial(PROBLEM, "errors", "instance", "request_id")

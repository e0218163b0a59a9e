"""Assembly: the whole document, from the addresses that are served and their operations."""

import re
from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from events.api.openapi.components import COMPONENTS
from events.api.openapi.operation import Operation
from events.api.openapi.shapes import Shape

VERSION = "1"  # of the interface, as in /api/v1
PREFIX = "/api/v1/"
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_TAGS = ("Publishing", "Reading", "Operating", "Orders", "Documents")  # in this order on the page
_METHODS = ("get", "post", "put", "patch", "delete")
_SECURITY: Shape = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token` and a token made by `manage.py createtoken`.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "A browser's. What changes something needs the header `X-CSRFToken` too.",
    },
}


def openapi_document() -> Shape:
    """Return the OpenAPI document of every described operation below /api/v1/."""
    paths: dict[str, Shape] = {}
    for address, method, operation in operations():
        if operation is not None:
            paths.setdefault(address, {})[method] = operation.document()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Waybill",
            "version": VERSION,
            "description": "Durable publish/subscribe on Apache Kafka: publish events, and read "
            "what became of them.",
        },
        "tags": [{"name": name} for name in _TAGS],
        "security": [{name: []} for name in _SECURITY],
        "paths": {address: paths[address] for address in sorted(paths)},
        "components": {"schemas": COMPONENTS, "securitySchemes": _SECURITY},
    }


def operations() -> Iterator[tuple[str, str, Operation | None]]:
    """Yield address, method and operation of all that is served below /api/v1/.

    None stands for an operation that nobody described.
    """
    for address, view in _views(get_resolver(), "/"):
        for method in _METHODS:
            act = getattr(view, method, None)
            if act is not None and address.startswith(PREFIX):
                yield address, method, getattr(act, "operation", None)


def _views(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        address = prefix + _PARAMETER.sub(r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _views(pattern, address)
        elif isinstance(pattern, URLPattern):
            yield address, getattr(pattern.callback, "view_class", None)

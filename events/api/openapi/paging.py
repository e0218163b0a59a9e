"""Paging, described: what all lists take."""

from events.api.openapi.operation import query_parameter
from events.api.openapi.shapes import WHOLE, Shape

TIME: Shape = {"type": "string", "format": "date-time"}
PAGING = (
    query_parameter("limit", "How many.", {**WHOLE, "minimum": 1, "maximum": 200}),
    query_parameter("cursor", "The `next` of the page before; the filters must be the same."),
)
PAGES = (
    "Of the topics that the caller may read. A page may hold less than `limit`, even nothing, "
    "and yet have a `next`: it goes on further back."
)

"""Page queries: what the queries of all lists have in common, topics by right among it."""

from collections.abc import Callable
from typing import Any, TypeVar

from events.api.parameters import Parameters
from events.grants import Right, grants_of

MOST = 200
USUAL = 50

Place = TypeVar("Place")


def readable_topics(parameters: Parameters, *, user: Any) -> list[str] | None:
    """Return the topics to look into, None for all: the one asked for, if the user may read it."""
    asked = parameters.text("topic")
    grants = grants_of(user)
    if asked is None:
        return grants.reach(Right.READ)
    return [asked] if grants.allows(Right.READ, asked) else []


def page_limit(parameters: Parameters) -> int:
    """Return how many rows a page may hold."""
    return parameters.whole_number("limit", most=MOST, default=USUAL)


def page_place(parameters: Parameters, *, query: str, place: Callable[..., Place]) -> Place | None:
    """Return where the page begins, as `place(text, query=…)` reads it; None: at the newest."""
    text = parameters.text("cursor")
    if text is None:
        return None
    try:
        return place(text, query=query)
    except ValueError as error:
        parameters.wrong("cursor", str(error))
        return None

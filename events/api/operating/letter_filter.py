"""Letter filter: which dead letters an operator means, out of those that are in reach."""

from typing import Any

from events.api.members import Members
from events.api.moment import storable_moment
from events.api.operating.asked import Document
from events.api.operating.given_bytes import given_bytes
from events.errors import NotGranted
from events.grants import Right, grants_of
from events.operating.letter_selection import LetterSelection

MOST = 5_000  # letters of one request: they are locked, and changed, in one transaction
_TEXTS = ("group", "topic", "exception", "handler", "type")
_TIMES = ("created_from", "created_before")
FILTERS = (*_TEXTS, "key", "key_base64", *_TIMES)


def filter_members(members: Members) -> dict[str, Any]:
    """Return what the filter asks for, as LetterSelection takes it; what is wrong is noted."""
    given: dict[str, Any] = {name: _filled(members, name) for name in _TEXTS}
    given["key"] = given_bytes(members, "key")
    for name in _TIMES:
        given[name] = storable_moment(members, name)
    given["limit"] = members.optional_number("limit", least=1, most=MOST) or MOST
    if not any(members.has(name) for name in FILTERS):
        members.wrong_as_a_whole(f"needs at least one of {', '.join(FILTERS)}")
    return given


def selection_of(given: dict[str, Any], *, user: Any) -> LetterSelection:
    """Return the letters of a filter of which nothing is wrong, within the user's reach."""
    return LetterSelection(**given, topics=_reach(user))


def lacking_reach(said: Document, *, user: Any) -> str:
    """Return which grant the user lacks to operate on these letters; empty if none."""
    grants = grants_of(user)
    topic = said.get("topic")
    if isinstance(topic, str) and grants.allows(Right.READ, topic):
        is_granted = grants.allows(Right.OPERATE, topic)
        return "" if is_granted else str(NotGranted(right=Right.OPERATE, topic=topic))
    return "you have no grant to operate on any topic" if _reach(user) == () else ""


def _filled(members: Members, name: str) -> str:
    text = members.optional_text(name)
    if text == "":
        members.wrong(name, "must not be empty; leave it out for any")
    return text or ""


def _reach(user: Any) -> tuple[str, ...] | None:
    grants = grants_of(user)
    read, operate = grants.reach(Right.READ), grants.reach(Right.OPERATE)
    if read is None or operate is None:
        both = operate if read is None else read
    else:
        both = [topic for topic in operate if topic in set(read)]
    return None if both is None else tuple(both)

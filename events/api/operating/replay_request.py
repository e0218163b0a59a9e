"""Replay request: which old events of which group a caller asks to be consumed again, and how."""

from collections.abc import Sequence
from typing import Any, Literal

from events.api.members import Members
from events.api.operating.asked import Document, lacking_right
from events.api.operating.given_bytes import given_bytes
from events.api.operating.group_topics import given_topic, readable_groups, topics_of
from events.api.operating.replay_range import replay_range
from events.conf import waybill
from events.consuming.subscriptions import subscriptions
from events.grants import Right, grants_of
from events.models import Replay
from events.replaying.request import ReplayRequest

SLOWEST, FASTEST = 0.01, 1_000_000.0  # messages a second
MISSING, FORCE = Replay.Mode.values
MODES = (MISSING, FORCE)
FORCE_PERMISSION = "events.force_replay"


def replay_request(members: Members, *, user: Any) -> ReplayRequest:
    """Return what is asked for; what is wrong is noted, and left out of it."""
    group = _group(members, user=user)
    readable = _readable(group, user=user)
    topics = _topics(members, among=readable)
    return ReplayRequest(
        group=group,
        topics=topics,
        range=replay_range(members, topics=topics or readable),
        type=_type(members, group=group, topics=topics or readable),
        key=_key(members),
        mode=_mode(members),
        rate=members.optional_measure("rate", least=SLOWEST, most=FASTEST),
        from_archive=members.flag("from_archive"),
    )


def lacking_for_request(said: Document, *, user: Any) -> str:
    """Return what the user lacks to ask for this replay; empty if nothing.

    A group of which the user may read nothing is not refused: it is as good as unknown.
    """
    group = said.get("group")
    if group not in readable_groups(user=user):
        return ""
    readable, named = _readable(group, user=user), _named(said)
    is_known = bool(named) and all(each in readable for each in named)
    why = lacking_right(user, named if is_known else topics_of(group))
    return why or lacking_force(user, mode=said.get("mode"))


def lacking_force(user: Any, *, mode: object) -> str:
    """Return which permission the user lacks for a replay of this mode; empty if none."""
    if mode != FORCE or user.has_perm(FORCE_PERMISSION):
        return ""
    return f"you lack the permission {FORCE_PERMISSION}: to replay what is done already"


def _named(said: Document) -> list[Any]:
    topics = said.get("topics")
    if isinstance(topics, list):
        return topics
    topic = said.get("topic")
    return [] if topic is None else [topic]


def _readable(group: str, *, user: Any) -> tuple[str, ...]:
    grants = grants_of(user)
    return tuple(topic for topic in topics_of(group) if grants.allows(Right.READ, topic))


def _group(members: Members, *, user: Any) -> str:
    group = members.text("group")
    known = readable_groups(user=user)
    if members.holds_text("group") and group not in known:
        shown = ", ".join(known) or "none"
        members.wrong("group", f"must be a group of which you may read a topic: {shown}")
        return ""
    return group


def _topics(members: Members, *, among: Sequence[str]) -> tuple[str, ...]:
    """Return the member `topic`, or those of `topics`; empty if both are absent."""
    topic = given_topic(members, among=list(among))
    topics = members.optional_list("topics")
    if topic and topics is not None:
        members.wrong("topics", "cannot be given together with topic")
    if topics is None:
        return (topic,) if topic else ()
    if not topics or not all(each in among for each in topics):
        members.wrong("topics", f"must name topics of the group: {', '.join(among)}")
        return ()
    return tuple(dict.fromkeys(topics))


def _type(members: Members, *, group: str, topics: Sequence[str]) -> str | None:
    text = members.optional_text("type")
    handled = sorted({each.type for each in subscriptions(group) if each.topic in topics})
    if text is not None and text not in handled:
        members.wrong("type", f"must be a type the group handles there: {', '.join(handled)}")
    return text


def _key(members: Members) -> bytes | None:
    key = given_bytes(members, "key")
    name = "key" if members.has("key") else "key_base64"
    most = waybill().limits.key_bytes
    if key is not None and len(key) > most:
        members.wrong(name, f"must have at most {most} bytes")
    if key is not None and members.has("type"):
        members.wrong(name, "cannot be given together with type")
    return key


def _mode(members: Members) -> Literal["missing", "force"]:
    if not members.has("mode"):
        members.optional("mode")
        return "missing"
    return "force" if members.one_of("mode", MODES) == FORCE else "missing"

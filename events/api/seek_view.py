"""Seeking over HTTP: a group goes on at another offset, looked at beforehand."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.members import Members
from events.api.moment import storable_moment
from events.api.openapi.operating import SEEK
from events.api.operating.asked import Asked, Deed, Document, lacking_right, operated
from events.api.operating.group_topics import (
    given_partition,
    given_topic,
    readable_topics_of,
    topics_of,
)
from events.errors import KafkaRefused, ServiceUnavailable
from events.operating.seeking import (
    Earliest,
    Latest,
    Offset,
    Seeking,
    SeekRow,
    Sought,
    Target,
    Timestamp,
)

LARGEST_OFFSET = 2**63 - 1
_WANTED = 'must be "earliest", "latest", {"offset": a number} or {"timestamp": a time}'


class SeekView(ApiView):
    """POST /api/v1/groups/{group}/seek"""

    throttle_scope = "operate"

    @SEEK
    def post(self, request: Request, group: str) -> HttpResponse:
        """Set the group's positions: 200 at once, 202 for its living consumers to carry out."""
        readable = readable_topics_of(group, user=request.user)
        requested: list[tuple[Seeking, Sought]] = []

        def lacking(said: Document) -> str:
            topic = said.get("topic")
            wanted = [topic] if topic in readable else topics_of(group)
            return lacking_right(request.user, wanted)

        def act(asked: Asked) -> Response:
            return _requested(asked, group=group, readable=readable, requested=requested)

        deed = Deed(action="seek", target_type="consumer_group", target_id=group)
        answer = operated(request, deed=deed, lacking=lacking, act=act)
        # Kafka cannot be rolled back: it is changed when the request is committed, answer and all.
        return _settled(*requested[0]) or answer if requested else answer


def _requested(
    asked: Asked, *, group: str, readable: list[str], requested: list[tuple[Seeking, Sought]]
) -> Response:
    members = asked.members
    to = _target(members)
    topic = given_topic(members, among=readable)
    partition = given_partition(members, topic=topic)
    is_dry_run = members.flag("dry_run")
    by = asked.operator(is_dry_run=is_dry_run)
    seeking = Seeking(group, to=to or Earliest(), topic=topic, partition=partition)
    if is_dry_run:
        rows = [_row(each) for each in seeking.preview()]
        return Response({"dry_run": True, "at_once": None, "partitions": rows, "seeks": []})
    sought = seeking.request(by=by)
    requested.append((seeking, sought))
    return _told(sought)


def _settled(seeking: Seeking, sought: Sought) -> Response | None:
    try:
        settled = seeking.settle(sought)
    except (ServiceUnavailable, KafkaRefused):
        return None  # the request stands, and whoever consumes next carries it out
    return _told(settled) if settled.at_once else None


def _told(sought: Sought) -> Response:
    document = {
        "dry_run": False,
        "at_once": sought.at_once,
        "partitions": [_row(each) for each in sought.rows],
        "seeks": list(sought.seeks),
    }
    return Response(document, status=HTTPStatus.OK if sought.at_once else HTTPStatus.ACCEPTED)


def _target(members: Members) -> Target | None:
    """Return where to go; None if it is wrong, which is noted."""
    to = members.required("to")
    if isinstance(to, str) and to in {"earliest", "latest"}:
        return Earliest() if to == "earliest" else Latest()
    if not isinstance(to, dict) or len(to) != 1 or not to.keys() <= {"offset", "timestamp"}:
        if members.holds("to"):
            members.wrong("to", _WANTED)
        return None
    inner = members.object("to")
    if "offset" in to:
        offset = inner.whole_number("offset")
        if not 0 <= offset <= LARGEST_OFFSET:
            inner.wrong("offset", f"must be from 0 to {LARGEST_OFFSET}")
        return Offset(offset)
    inner.text("timestamp")
    at = storable_moment(inner, "timestamp") if inner.holds_text("timestamp") else None
    return None if at is None else Timestamp(at)


def _row(row: SeekRow) -> dict[str, Any]:
    return {**asdict(row), "again": row.again, "skipped": row.skipped}

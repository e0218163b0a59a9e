"""Pauses over HTTP: what stands still, one more of it, and its end."""

from collections.abc import Iterator
from uuid import UUID

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.moment import storable_moment
from events.api.openapi.operating import PAUSE, PAUSES, RESUME
from events.api.operating.asked import Asked, Deed, Document, lacking_right, operated
from events.api.operating.given_bytes import given_bytes
from events.api.operating.group_topics import (
    given_partition,
    given_topic,
    readable_groups,
    readable_topics_of,
    topics_of,
)
from events.api.parameters import Parameters
from events.api.pause_record import pause_record
from events.conf import waybill
from events.grants import Right, grants_of
from events.models import ClosedKey, Pause
from events.operating.pausing import pause, paused, resume

SHOWN = 1_000


class PausesView(ApiView):
    """GET /api/v1/pauses"""

    @PAUSES
    def get(self, request: Request) -> Response:
        """List what is in force now, by group, as far as the caller may read."""
        parameters = Parameters(request)
        group = parameters.text("group")
        parameters.refuse()
        visible = readable_groups(user=request.user)
        chosen = [each for each in visible if group in {None, each}]
        grants = grants_of(request.user)
        rows = [
            row
            for each in chosen
            for row in paused(each)
            if not row.topic or grants.allows(Right.READ, row.topic)
        ]
        records = [pause_record(row, grants=grants) for row in rows[:SHOWN]]
        return Response({"pauses": records, "complete": len(rows) <= SHOWN})


class GroupPausesView(ApiView):
    """POST /api/v1/groups/{group}/pauses"""

    throttle_scope = "operate"

    @PAUSE
    def post(self, request: Request, group: str) -> HttpResponse:
        """Stop the group, a topic, a partition or a key of it: 201; in force within a second."""
        readable = readable_topics_of(group, user=request.user)

        def lacking(said: Document) -> str:
            topic = said.get("topic")
            wanted = [topic] if topic in readable else topics_of(group)
            return lacking_right(request.user, wanted)

        def act(asked: Asked) -> Response:
            row = _paused(asked, group=group, readable=readable)
            return Response(pause_record(row, grants=grants_of(request.user)), status=201)

        deed = Deed(action="pause", target_type="consumer_group", target_id=group)
        return operated(request, deed=deed, lacking=lacking, act=act)


class ResumeView(ApiView):
    """POST /api/v1/pauses/{id}/resume"""

    throttle_scope = "operate"

    @RESUME
    def post(self, request: Request, pause_id: UUID) -> HttpResponse:
        """End a pause or release a closed key: 200. What was held runs first, in order."""
        row = _row(pause_id)
        readable_topics_of(row.group, user=request.user)
        if row.topic and not grants_of(request.user).allows(Right.READ, row.topic):
            raise Http404
        wanted = [row.topic] if row.topic else topics_of(row.group)

        def act(asked: Asked) -> Response:
            ended = resume(pause_id, by=asked.operator())
            return Response(pause_record(ended, grants=grants_of(request.user)))

        deed = Deed(action="resume", target_type="consumer_group", target_id=row.group)
        return operated(
            request, deed=deed, lacking=lambda _: lacking_right(request.user, wanted), act=act
        )


def _paused(asked: Asked, *, group: str, readable: list[str]) -> Pause | ClosedKey:
    members = asked.members
    topic = given_topic(members, among=readable)
    partition = given_partition(members, topic=topic)
    key = given_bytes(members, "key")
    for wrong in _wrong_with_key(key, topic=topic, partition=partition):
        members.wrong("key" if members.has("key") else "key_base64", wrong)
    until = storable_moment(members, "until")
    by = asked.operator()
    return pause(group, topic=topic, partition=partition, key=key, until=until, by=by)


def _wrong_with_key(key: bytes | None, *, topic: str, partition: int | None) -> Iterator[str]:
    most = waybill().limits.key_bytes
    if key is None:
        return
    if not topic:
        yield "belongs to a topic: name the topic, too"
    if partition is not None:
        yield "is always in the same partition: leave the partition out"
    if not 0 < len(key) <= most:
        yield f"must have 1 to {most} bytes"


def _row(pause_id: UUID) -> Pause | ClosedKey:
    row: Pause | ClosedKey | None = Pause.objects.filter(pk=pause_id).first()
    if row is None:
        row = ClosedKey.objects.filter(pk=pause_id).first()
    if row is None:
        raise Http404
    return row

"""Replays over HTTP: the list, one with how far it is, and asking for one."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.cursor import cursor_place, cursor_text
from events.api.openapi.replays import REPLAY, REPLAYS, REQUEST_REPLAY
from events.api.operating.asked import Asked, Deed, Document, operated
from events.api.operating.refused import REPLAY_REFUSED
from events.api.operating.replay_request import lacking_for_request, replay_request
from events.api.page_query import page_limit, page_place
from events.api.parameters import Parameters
from events.api.preview_record import preview_record
from events.api.problems import Problem
from events.api.replay_record import replay_address, replay_record, whole_replay_record
from events.auditing.replay_list import ReplayPage, WantedReplays, replay_page
from events.errors import KafkaRefused
from events.grants import Right, grants_of
from events.models import Replay
from events.operating.replays import Replaying

_UNSEEN = "Kafka refuses to have the topics' offsets looked at."


class ReplaysView(ApiView):
    """GET and POST /api/v1/replays"""

    throttle_scope = "operate"

    @REPLAYS
    def get(self, request: Request) -> Response:
        """List the replays of nothing but topics that the caller may read, newest first."""
        query = _Query(request)
        page = query.page()
        place = page.next
        following = cursor_text((place[0], place[1]), query=query.text) if place else None
        grants = grants_of(request.user)
        records = [replay_record(replay, grants=grants) for replay in page.replays]
        return Response({"replays": records, "next": following})

    @REQUEST_REPLAY
    def post(self, request: Request) -> HttpResponse:
        """Ask for a replay: 202; with `dry_run` 200 and what it would do."""

        def deed(said: Document) -> Deed:
            return Deed(
                action="replay", target_type="consumer_group", target_id=said.get("group", "")
            )

        return operated(
            request,
            deed=deed,
            lacking=lambda said: lacking_for_request(said, user=request.user),
            act=lambda asked: _requested(asked, user=request.user),
        )


class ReplayView(ApiView):
    """GET /api/v1/replays/{id}"""

    @REPLAY
    def get(self, request: Request, replay_id: UUID) -> Response:
        """Return one replay with its partitions and report; 404 also where it may not be read."""
        Parameters(request).refuse()
        replay = readable_replay(replay_id, user=request.user)
        return Response(whole_replay_record(replay, grants=grants_of(request.user)))


def readable_replay(replay_id: UUID, *, user: Any) -> Replay:
    """Return the replay; raises Http404, also where the user may not read all of its topics."""
    replay = Replay.objects.filter(pk=replay_id).first()
    grants = grants_of(user)
    if replay is None or not all(grants.allows(Right.READ, topic) for topic in replay.topics):
        raise Http404
    return replay


def _requested(asked: Asked, *, user: Any) -> Response:
    wanted = replay_request(asked.members, user=user)
    is_dry_run = asked.members.flag("dry_run")
    by = asked.operator(is_dry_run=is_dry_run)
    replaying = Replaying(wanted)
    try:
        if is_dry_run:
            return Response(preview_record(replaying.preview()))
        replay = replaying.carry_out(by=by)
    except KafkaRefused as error:
        raise Problem(REPLAY_REFUSED, _UNSEEN) from error  # Kafka's own text may name hosts
    return Response(
        whole_replay_record(replay, grants=grants_of(user)),
        status=HTTPStatus.ACCEPTED,
        headers={"Location": replay_address(replay)},
    )


class _Query:
    """The query of the list; raises Problem 400 if anything about it is wrong."""

    def __init__(self, request: Request) -> None:
        parameters = Parameters(request)
        state = parameters.one_of("state", Replay.State.values)
        self._wanted = WantedReplays(
            topics=grants_of(request.user).reach(Right.READ),
            group=parameters.text("group"),
            state=Replay.State(state) if state else None,
        )
        self._limit = page_limit(parameters)
        self.text = f"{request.user.pk} {self._wanted}"
        self._after = page_place(parameters, query=self.text, place=cursor_place)
        parameters.refuse()

    def page(self) -> ReplayPage:
        return replay_page(self._wanted, after=self._after, limit=self._limit)

"""What is done to a replay over HTTP: paused, resumed, stopped."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from events.api.api_view import ApiView
from events.api.openapi.replays import PAUSE_REPLAY, RESUME_REPLAY, STOP_REPLAY
from events.api.operating.asked import Asked, Deed, lacking_right, operated
from events.api.operating.replay_request import lacking_force
from events.api.replay_record import whole_replay_record
from events.api.replay_view import readable_replay
from events.grants import grants_of
from events.models import Replay
from events.operating.replays import pause_replay, resume_replay, stop_replay

Change = Callable[..., Replay]


class PauseReplayView(ApiView):
    """POST /api/v1/replays/{id}/pause"""

    throttle_scope = "operate"

    @PAUSE_REPLAY
    def post(self, request: Request, replay_id: UUID) -> HttpResponse:
        """Let the replay stand still: 200; the process that runs it notices within a second."""
        return _changed(request, replay_id, action="pause_replay", change=pause_replay)


class ResumeReplayView(ApiView):
    """POST /api/v1/replays/{id}/resume"""

    throttle_scope = "operate"

    @RESUME_REPLAY
    def post(self, request: Request, replay_id: UUID) -> HttpResponse:
        """Let a paused or failed replay go on where it was: 200."""
        return _changed(request, replay_id, action="resume_replay", change=resume_replay)


class StopReplayView(ApiView):
    """POST /api/v1/replays/{id}/stop"""

    throttle_scope = "operate"

    @STOP_REPLAY
    def post(self, request: Request, replay_id: UUID) -> HttpResponse:
        """End the replay for good: 200. What it did stays done."""
        return _changed(request, replay_id, action="stop_replay", change=stop_replay)


def _changed(request: Request, replay_id: UUID, *, action: str, change: Change) -> HttpResponse:
    replay = readable_replay(replay_id, user=request.user)

    def lacking(_: object) -> str:
        why = lacking_right(request.user, replay.topics)
        if not why and change is resume_replay:  # to hold a forced one up needs no more than that
            why = lacking_force(request.user, mode=replay.mode)
        return why

    def act(asked: Asked) -> Response:
        changed = change(replay_id, by=asked.operator())
        return Response(whole_replay_record(changed, grants=grants_of(request.user)))

    deed = Deed(action=action, target_type="replay", target_id=replay_id)
    return operated(request, deed=deed, lacking=lacking, act=act)

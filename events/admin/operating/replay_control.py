"""Pausing, resuming and stopping a replay, from whichever process runs it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from events.admin import columns
from events.admin.operating.operation import (
    PAUSE_REPLAY,
    RESUME_REPLAY,
    STOP_REPLAY,
    Operation,
)
from events.admin.operating.plan import Cell, Link, Plan, plan_page
from events.admin.reason import given_reason, operator_of, reason_form
from events.admin.replay_rows import readable_replays
from events.admin.replay_words import percent, range_words
from events.auditing.replay_progress import progress_of
from events.errors import WaybillError
from events.models import Replay
from events.operating.replays import pause_replay, resume_replay, stop_replay

State = Replay.State

HOW: dict[str, Operation] = {
    "pause": PAUSE_REPLAY,
    "resume": RESUME_REPLAY,
    "stop": STOP_REPLAY,
}
_FROM: dict[str, tuple[str, ...]] = {
    "pause": (State.REQUESTED, State.RUNNING),
    "resume": (State.PAUSED, State.FAILED),
    "stop": (State.REQUESTED, State.RUNNING, State.PAUSED, State.FAILED),
}
_SERVICES: dict[str, Callable[..., Replay]] = {
    "pause": pause_replay,
    "resume": resume_replay,
    "stop": stop_replay,
}
_DOING = {
    "pause": (
        "Within a second nothing more of it is run; the message in hand is finished first.",
        "It keeps its place: resumed, it goes on there, by whichever process takes it.",
    ),
    "resume": (
        "It goes on where it is: the process that holds it at once, else the next worker that "
        "looks (manage.py runreplay --serve).",
    ),
    "stop": (
        "Within a second nothing more of it is run, for good: a stopped replay cannot be resumed.",
        "What was run stays done: a new replay passes over it.",
    ),
}
_DONE = {
    "pause": "Paused: within a second nothing more of it is run.",
    "resume": "Resumed: it goes on where it was.",
    "stop": "Stopped, for good.",
}


def page(how: str) -> str:
    """Return the name of the page that does it."""
    return f"events_replay_{how}"


def links(replay: Replay, *, user: Any) -> Iterator[Link]:
    """Return what may be done to the replay, in its state, by the user."""
    for how, operation in HOW.items():
        if replay.state in _FROM[how] and operation.allows(user, topics=replay.topics):
            address = reverse(f"admin:{page(how)}", args=[replay.pk])
            yield Link(operation.title, operation.icon, address)


def control_view(request: HttpRequest, replay_id: UUID, how: str) -> HttpResponse:
    """Say what that means, and ask why."""
    if not request.user.has_perm("events.view_replay"):
        raise PermissionDenied
    replay = readable_replays(request.user).filter(pk=replay_id).first()
    if replay is None:
        raise Http404("no such replay")
    operation = HOW[how]
    operation.require(request, topics=replay.topics, target_id=replay.pk)
    back = reverse("admin:events_replay_change", args=[replay.pk])
    problems: tuple[str, ...] = ()
    if reason := given_reason(request):
        try:
            _SERVICES[how](replay.pk, by=operator_of(request, reason=reason))
        except WaybillError as error:
            problems = (str(error),)
        else:
            messages.success(request, _DONE[how])
            return redirect(back)
    elif replay.state not in _FROM[how]:
        problems = (f"It is {replay.state} now: there is nothing to {how}.",)
    plan = Plan(
        operation=operation,
        back=back,
        doing=() if problems else _DOING[how],
        problems=problems,
        rows=_rows(replay),
    )
    return plan_page(request, plan, form=reason_form(request), title=f"{operation.title} replay")


def _rows(replay: Replay) -> list[tuple[str, Cell]]:
    return [
        ("Group", replay.group),
        ("Topics", ", ".join(replay.topics)),
        ("Messages", range_words(replay)),
        ("State", columns.label(replay.state)),
        ("Progress", percent(progress_of(replay))),
        ("Asked by", replay.by),
        ("Because", replay.reason),
    ]

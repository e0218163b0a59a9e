"""Pausing and resuming: what stands still, until when, and why."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from events.admin import columns
from events.admin.operating.group_topics import operable_groups, readable_or_whole, topics_of
from events.admin.operating.operation import CLOSE_KEY, PAUSE, RELEASE, RESUME, Operation
from events.admin.operating.pausing_form import PausingForm
from events.admin.operating.plan import Cell, Plan, plan_page, question_page, told
from events.admin.reason import given_reason, operator_of, reason_form
from events.consuming.subscriptions import groups
from events.errors import WaybillError
from events.grants import readable
from events.models import ClosedKey, Pause
from events.operating.key_release import held_letters
from events.operating.pausing import pause, resume

PAGE = "pausing"
RESUME_PAGE = "events_pause_resume"
RELEASE_PAGE = "events_closedkey_release"

_INTRO = (
    "A pause is durable: it is in force within a second in every running consumer, and again "
    "after a restart, until it ends or somebody resumes it. Nothing is lost meanwhile: the "
    "messages wait on Kafka as long as the topic keeps them."
)


def address(**chosen: Any) -> str:
    """Return the page that pauses what is chosen: group, topic, partition, key."""
    return f"{reverse(f'admin:{PAGE}')}?{urlencode(chosen)}"


def pausing_view(request: HttpRequest) -> HttpResponse:
    """Ask what to pause; then tell what that means, and ask why."""
    group = request.GET.get("group", "")
    is_key = bool(request.GET.get("key"))
    operation = CLOSE_KEY if is_key or request.GET.get("close") else PAUSE
    if request.method == "POST" or not operation.is_for(request.user):
        topics = topics_of(group, topic=request.GET.get("topic", ""))
        operation.require(request, topics=topics, target_id=group or "*")
    offered = operable_groups(request.user, operation=operation)
    known = sorted({topic for each in offered for topic in topics_of(each)})
    is_asked = "lasts" in request.GET
    form = PausingForm(
        request.GET if is_asked else None,
        groups=offered,
        topics=topics_of(group) or known,
        **{name: request.GET[name] for name in request.GET if not is_asked},
    )
    back = _back(request, operation, group)
    if not (is_asked and form.is_valid()):
        return question_page(request, operation=operation, form=form, back=back, intro=_INTRO)
    chosen = form.cleaned_data
    topics = topics_of(chosen["group"], topic=chosen["topic"])
    operation.require(request, topics=topics, target_id=chosen["group"])
    return _pausing(request, operation, chosen, back=back)


def _back(request: HttpRequest, operation: Operation, group: str) -> str:
    if group in groups() and request.user.has_perm("events.view_grouptopic"):
        return reverse("admin:group", args=[group])
    model = "closedkey" if operation is CLOSE_KEY else "pause"
    return reverse(f"admin:events_{model}_changelist")


def _pausing(
    request: HttpRequest, operation: Operation, chosen: dict[str, Any], *, back: str
) -> HttpResponse:
    problems: tuple[str, ...] = ()
    if reason := given_reason(request):
        try:
            pause(
                chosen["group"],
                topic=chosen["topic"],
                partition=chosen["partition"],
                key=chosen["key"],
                until=chosen["ends_at"],
                by=operator_of(request, reason=reason),
            )
        except WaybillError as error:
            problems = (str(error),)
        else:
            messages.success(request, "Paused: in force within a second.")
            return redirect(back)
    plan = Plan(
        operation=operation, back=back, doing=_told(chosen), problems=problems, rows=_rows(chosen)
    )
    return plan_page(request, plan, form=reason_form(request))


def _told(chosen: dict[str, Any]) -> tuple[str, ...]:
    group = chosen["group"]
    if chosen["key"] is not None:
        return (
            f"{group} handles no message of this key any more. Each is held in order while the "
            "rest of the partition flows; a release runs them in that order.",
        )
    what = chosen["topic"] or "any of its topics"
    if chosen["partition"] is not None:
        what = f"partition {chosen['partition']} of {chosen['topic']}"
    return (
        f"{group} reads nothing more of {what}: what is in work is finished first.",
        "Its lag grows. What Kafka removes by retention meanwhile is lost to the group.",
    )


def _rows(chosen: dict[str, Any]) -> list[tuple[str, Cell]]:
    ends = chosen["ends_at"]
    rows: list[tuple[str, Cell]] = [
        ("Group", chosen["group"]),
        ("Topic", chosen["topic"] or "all topics"),
    ]
    if chosen["partition"] is not None:
        rows.append(("Partition", str(chosen["partition"])))
    if chosen["key"] is not None:
        rows.append(("Key", columns.key(chosen["key"])))
    rows.append(("Until", columns.moment(ends) if ends else "somebody resumes it"))
    return rows


def resume_view(request: HttpRequest, pause_id: UUID) -> HttpResponse:
    """End a pause."""
    rows = Pause.objects.filter(pk=pause_id)
    row = readable_or_whole(rows, user=request.user).first()
    if row is None:
        raise Http404("no such pause")
    RESUME.require(request, topics=topics_of(row.group, topic=row.topic), target_id=row.pk)
    plan = Plan(
        operation=RESUME,
        back=reverse("admin:events_pause_change", args=[row.pk]),
        doing=(f"{row.group} goes on within a second where it stood.",),
        rows=[
            ("Group", row.group),
            ("Topic", row.topic or "all topics"),
            ("Partition", "all" if row.partition is None else str(row.partition)),
            ("Paused", columns.moment(row.paused_at)),
            ("By", row.by),
            ("Because", row.reason),
        ],
    )
    return _resuming(request, row.pk, plan)


def release_view(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Open a closed key."""
    row = readable(ClosedKey.objects.filter(pk=key_id), user=request.user).first()
    if row is None:
        raise Http404("no such closed key")
    RELEASE.require(request, topics=[row.topic], target_id=row.pk)
    doing = [
        f"{told(held_letters(row), 'held message')} of the key run in order, new ones behind "
        "them; the key opens when none is left."
    ]
    if row.cause == ClosedKey.Cause.QUARANTINED:
        doing.append(
            "The message that failed runs first. If it fails again, the key closes again."
        )
    plan = Plan(
        operation=RELEASE,
        back=reverse("admin:events_closedkey_change", args=[row.pk]),
        doing=doing,
        rows=[
            ("Group", row.group),
            ("Topic", row.topic),
            ("Key", columns.key(bytes(row.key))),
            ("Closed", columns.moment(row.closed_at)),
            ("By", row.by),
            ("Because", row.reason),
        ],
    )
    return _resuming(request, row.pk, plan)


def _resuming(request: HttpRequest, row_id: UUID, plan: Plan) -> HttpResponse:
    problems: tuple[str, ...] = ()
    if reason := given_reason(request):
        try:
            resume(row_id, by=operator_of(request, reason=reason))
        except WaybillError as error:
            problems = (str(error),)
        else:
            word = "Released" if plan.operation is RELEASE else "Resumed"
            messages.success(request, f"{word}: it goes on within a second.")
            model = "closedkey" if plan.operation is RELEASE else "pause"
            return redirect(reverse(f"admin:events_{model}_changelist"))
    return plan_page(request, plan.with_problems(problems), form=reason_form(request))

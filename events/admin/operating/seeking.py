"""Seeking: a group goes on elsewhere; a table says what that means for each partition."""

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from events.admin.operating.group_topics import readable_groups, topics_of
from events.admin.operating.operation import SEEK
from events.admin.operating.plan import Plan, plan_page, question_page
from events.admin.operating.seeking_form import SeekingForm
from events.admin.reason import given_reason, operator_of, reason_form
from events.errors import WaybillError
from events.operating.seeking import Seeking, SeekRow

PAGE = "group_seek"

_INTRO = (
    "Where the group goes on. Going back hands messages out again: what is done is skipped by its "
    "dedupe key. Going forward leaves messages out for good."
)
_HEADER = ("Partition", "First", "Committed", "End", "Goes on at", "Again", "Skipped")


def seek_view(request: HttpRequest, group: str) -> HttpResponse:
    """Ask where to; then tell what that means, and ask why."""
    if group not in readable_groups(request.user):
        raise Http404("no such group")
    topics = topics_of(group)
    if not any(SEEK.allows(request.user, topics=[each]) for each in topics):
        SEEK.require(request, topics=topics, target_id=group)
        raise PermissionDenied
    offered = [each for each in topics if SEEK.allows(request.user, topics=[each])]
    form = SeekingForm(request.GET if "to" in request.GET else None, topics=offered)
    back = (
        reverse("admin:group", args=[group])
        if request.user.has_perm("events.view_grouptopic")
        else reverse("admin:index")
    )
    if not form.is_valid():
        return question_page(request, operation=SEEK, form=form, back=back, intro=_INTRO)
    chosen = topics_of(group, topic=form.cleaned_data["topic"])
    SEEK.require(request, topics=chosen, target_id=group)
    return _seeking(request, group, form=form, back=back)


def _seeking(request: HttpRequest, group: str, *, form: SeekingForm, back: str) -> HttpResponse:
    plan = Plan(operation=SEEK, back=back, doing=())
    try:
        work = Seeking(
            group,
            to=form.target,
            topic=form.cleaned_data["topic"],
            partition=form.cleaned_data["partition"],
        )
        if reason := given_reason(request):
            sought = work.carry_out(by=operator_of(request, reason=reason))
            how = "at once" if sought.at_once else "by its consumers, as soon as they see it"
            messages.success(request, f"{group} goes on there, {how}.")
            return redirect(back)
        plan = _plan(group, work.preview(), back=back)
    except WaybillError as error:
        plan = plan.with_problems([str(error)])
    return plan_page(request, plan, form=reason_form(request))


def _plan(group: str, rows: Sequence[SeekRow], *, back: str) -> Plan:
    again, skipped = sum(row.again for row in rows), sum(row.skipped for row in rows)
    return Plan(
        operation=SEEK,
        back=back,
        doing=(
            f"{again:,} messages are handed out again to {group}; what is done is skipped.",
            f"{skipped:,} messages are never handled by {group}.",
            "Without a living consumer it is done at once in Kafka, else by the consumers that "
            "own the partitions.",
        ),
        header=_HEADER,
        rows=[
            (
                f"{row.topic}:{row.partition}",
                f"{row.first:,}",
                "nothing" if row.committed is None else f"{row.committed:,}",
                f"{row.end:,}",
                f"{row.target:,}",
                f"{row.again:,}",
                f"{row.skipped:,}",
            )
            for row in rows
        ],
    )

"""Editing a dead letter: its message as text, what differs from what it was, a redrive of that."""

import difflib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from events.admin.operating import message_text
from events.admin.operating.editing_form import EditForm
from events.admin.operating.operation import EDIT, REVEAL_LETTER
from events.admin.operating.plan import Plan, plan_page
from events.admin.reason import ReasonForm, given_reason, operator_of, reason_form
from events.admin.revealing import is_revealed
from events.consuming.letter_record import headers_of
from events.errors import EditRefused
from events.event import Headers
from events.grants import readable
from events.models import DeadLetter
from events.operating.edit import Edit
from events.operating.editing import UNCHANGED, EditedRedrive

PAGE = "events_deadletter_edit"

_OPEN_FOR = timedelta(hours=12)  # with the page left open, over a lunch and a meeting
_OPENING = (
    "The next page shows the message: its value and its headers. That you looked is written into "
    "the audit with your reason, before it is shown.",
    "Nothing is changed yet: what differs is shown before anything is redriven.",
)
_TONES = {"+": "success", "-": "danger"}


class Line(NamedTuple):
    """A line of a difference: its sign and the tone in which it is shown."""

    sign: str
    tone: str
    text: str


def edit_view(request: HttpRequest, letter_id: UUID) -> HttpResponse:
    """Open, edit, look at the difference, redrive: each deed asks why, and the opening is one.

    The form shows what the message says, so nothing of it is there before the look is written
    down; `opened` then carries through the pages that this person may go on.
    """
    letter = _found(request, letter_id)
    EDIT.require(request, topics=[letter.topic], target_id=letter.pk)
    back = reverse("admin:events_deadletter_change", args=[letter.pk])
    is_open = _is_opened(request, letter)
    if not is_open and not is_revealed(
        request, REVEAL_LETTER, topic=letter.topic, target_id=letter.pk
    ):
        plan = Plan(operation=EDIT, back=back, doing=_OPENING)
        return plan_page(
            request, plan, form=reason_form(request), template="events/edit_open.html"
        )
    sent = request.POST if is_open else None
    try:
        form = _form(letter, sent)
    except ValueError as error:
        plan = Plan(operation=EDIT, back=back, doing=(), problems=(str(error),))
        return plan_page(request, plan, form=ReasonForm())
    if not form.is_valid() or "again" in request.POST:
        plan = Plan(operation=EDIT, back=back, doing=())
        opened = _opened(request, letter)
        return plan_page(request, plan, form=form, template="events/edit.html", opened=opened)
    return _previewed(request, letter, form=form, back=back)


def _opened(request: HttpRequest, letter: DeadLetter) -> str:
    return signing.dumps([str(request.user.pk), str(letter.pk)], salt=PAGE)


def _is_opened(request: HttpRequest, letter: DeadLetter) -> bool:
    """Whether this person gave a reason to see this letter, not too long ago."""
    try:
        whose = signing.loads(request.POST.get("opened", ""), salt=PAGE, max_age=_OPEN_FOR)
    except signing.BadSignature:
        return False
    return bool(whose == [str(request.user.pk), str(letter.pk)])


def _found(request: HttpRequest, letter_id: UUID) -> DeadLetter:
    if not request.user.has_perm("events.view_deadletter"):
        raise PermissionDenied
    rows = DeadLetter.objects.only("topic").filter(pk=letter_id)
    letter = readable(rows, user=request.user).first()
    if letter is None:
        raise Http404("no such dead letter")
    return letter


def _form(letter: DeadLetter, sent: QueryDict | None) -> EditForm:
    value = None if letter.value is None else bytes(letter.value)
    headers = headers_of(letter.headers)
    return EditForm(sent, value=value, headers=headers)


def _previewed(
    request: HttpRequest, letter: DeadLetter, *, form: EditForm, back: str
) -> HttpResponse:
    work = EditedRedrive(
        letter.pk,
        value=form.new_value if form.is_value_edited else UNCHANGED,
        headers=form.new_headers if form.are_headers_edited else UNCHANGED,
    )
    problems: tuple[str, ...] = ()
    edit = None
    try:
        if reason := given_reason(request):
            child = work.carry_out(by=operator_of(request, reason=reason))
            messages.success(request, "The edited letter is on its way to its group.")
            return redirect(reverse("admin:events_deadletter_change", args=[child]))
        edit = work.preview()
        problems = edit.problems
    except EditRefused as error:
        problems = error.problems
    plan = Plan(
        operation=EDIT,
        back=back,
        doing=_doing(edit) if edit and not problems else (),
        problems=problems,
    )
    return plan_page(
        request,
        plan,
        form=reason_form(request),
        template="events/edit_preview.html",
        more_buttons="events/edit_further.html",
        opened=_opened(request, letter),
        edited=form,
        differences=_differences(form, letter),
    )


def _doing(edit: Edit) -> Sequence[str]:
    return (
        "The edited message becomes a letter of its own and goes back to the group; the original "
        "stays as it is and is done with.",
        f"Its dedupe key stays {edit.dedupe_key}: what is done already is not done again.",
    )


def _differences(form: EditForm, letter: DeadLetter) -> list[tuple[str, list[Line]]]:
    old = None if letter.value is None else bytes(letter.value)
    before = headers_of(letter.headers)
    found = [
        ("Value", list(_difference(_value_lines(old), _value_lines(form.new_value)))),
        ("Headers", list(_difference(_header_lines(before), _header_lines(form.new_headers)))),
    ]
    return [(name, told) for name, told in found if told]


def _difference(before: list[str], after: list[str]) -> Iterator[Line]:
    for line in list(difflib.unified_diff(before, after, lineterm=""))[2:]:
        if not line.startswith("@@"):
            yield Line(line[0], _TONES.get(line[0], "quiet"), line[1:])


def _value_lines(value: bytes | None) -> list[str]:
    return ["null"] if value is None else message_text.value_text(value)[0].split("\n")


def _header_lines(headers: Headers) -> list[str]:
    return message_text.headers_text(headers).split("\n")

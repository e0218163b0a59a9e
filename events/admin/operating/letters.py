"""Redriving and discarding dead letters: one, those selected, or all that a filter finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from events.admin import columns
from events.admin.operating.operation import DISCARD, REDRIVE, Operation
from events.admin.operating.plan import Cell, Plan, plan_page, told
from events.admin.reason import given_reason, operator_of, reason_form
from events.errors import WaybillError
from events.grants import Right, grants_of, readable
from events.models import DeadLetter
from events.operating.discarding import Discarded, Discarding
from events.operating.letter_selection import LetterSelection
from events.operating.operator import Operator
from events.operating.redriving import Redriven, Redriving

MOST = 200  # letters named one by one
FILTERS = ("group", "topic", "exception", "handler")
PAGES = {REDRIVE.name: "events_deadletter_redrive", DISCARD.name: "events_deadletter_discard"}

_LIST = "admin:events_deadletter_changelist"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    """What is done, or would be, in words."""

    count: int
    summary: str
    doing: tuple[Cell, ...]
    left: tuple[str, ...]


_Work = Callable[[LetterSelection, Operator | None], _Told]


def address(operation: Operation, **chosen: Any) -> str:
    """Return the page of the operation for letters by `id`, or by the filters named."""
    return f"{reverse(f'admin:{PAGES[operation.name]}')}?{urlencode(chosen, doseq=True)}"


def redrive_view(request: HttpRequest) -> HttpResponse:
    """Hand letters back to their group."""
    return _answer(request, REDRIVE, _redriven)


def discard_view(request: HttpRequest) -> HttpResponse:
    """Say no to letters, for good."""
    return _answer(request, DISCARD, _discarded)


def _answer(request: HttpRequest, operation: Operation, work: _Work) -> HttpResponse:
    ids = _ids(request)
    selection, denied = _by_id(request, operation, ids) if ids else _by_filter(request, operation)
    back = _back(request, ids)
    plan = Plan(operation=operation, back=back, doing=())
    try:
        if reason := given_reason(request):
            done = work(selection, operator_of(request, reason=reason))
            _tell(request, done)
            return redirect(back)
        found = work(selection, None)
        problems = () if found.count else ("There is nothing to do: see what is left, and why.",)
        plan = Plan(
            operation=operation,
            back=back,
            doing=found.doing,
            left=(*denied, *found.left),
            problems=problems,
            rows=_one(ids),
        )
    except WaybillError as error:
        plan = Plan(operation=operation, back=back, doing=(), problems=(str(error),))
    return plan_page(request, plan, form=reason_form(request))


def _ids(request: HttpRequest) -> tuple[UUID, ...]:
    try:
        ids = tuple(UUID(each) for each in request.GET.getlist("id"))
    except ValueError as error:
        raise BadRequest("an id of a dead letter is a UUID") from error
    if len(ids) > MOST:
        raise BadRequest(f"at most {MOST} dead letters by id: use a filter")
    return ids


def _by_id(
    request: HttpRequest, operation: Operation, ids: tuple[UUID, ...]
) -> tuple[LetterSelection, tuple[str, ...]]:
    """Return those on which the user may operate, and why the others are left."""
    rows = readable(DeadLetter.objects.filter(pk__in=ids), user=request.user)
    found = dict(rows.values_list("pk", "topic"))
    if not found:
        raise Http404("no such dead letter")
    allowed = [pk for pk, topic in found.items() if operation.allows(request.user, topics=[topic])]
    if not allowed:
        target = ids[0] if len(ids) == 1 else f"{len(ids)} letters"
        operation.require(request, topics=found.values(), target_id=target)
    denied = (
        f"{pk}: you have no grant to operate on topic {topic}"
        for pk, topic in found.items()
        if pk not in allowed
    )
    return LetterSelection(ids=tuple(allowed)), tuple(denied)


def _by_filter(
    request: HttpRequest, operation: Operation
) -> tuple[LetterSelection, tuple[str, ...]]:
    """Only letters of topics on which the user may operate are ever chosen."""
    chosen = _filters(request)
    if not chosen or any("\x00" in value for value in chosen.values()):
        raise BadRequest("choose dead letters: by id, or by a filter")
    reach = grants_of(request.user).reach(Right.OPERATE)
    if not operation.is_for(request.user) or "topic" in chosen:
        topics = [chosen["topic"]] if "topic" in chosen else []
        operation.require(request, topics=topics, target_id=urlencode(chosen))
    selection = LetterSelection(
        topics=None if reach is None else tuple(reach),
        group=chosen.get("group", ""),
        topic=chosen.get("topic", ""),
        exception=chosen.get("exception", ""),
        handler=chosen.get("handler", ""),
    )
    return selection, ()


def _one(ids: tuple[UUID, ...]) -> list[tuple[str, Cell]]:
    """Tell which letter it is, if it is one."""
    rows = DeadLetter.objects.filter(pk__in=ids if len(ids) == 1 else ())
    for letter in rows.only("group", "topic", "partition", "offset", "dedupe_key", "exception"):
        return [
            ("Group", letter.group),
            ("Position", f"{letter.topic}:{letter.partition}:{letter.offset}"),
            ("Dedupe key", columns.code(letter.dedupe_key)),
            ("Exception", letter.exception or columns.NOTHING),
        ]
    return []


def _filters(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in FILTERS if request.GET.get(name)}


def _back(request: HttpRequest, ids: tuple[UUID, ...]) -> str:
    if len(ids) == 1:
        return reverse("admin:events_deadletter_change", args=ids)
    chosen = _filters(request)
    return f"{reverse(_LIST)}?{urlencode(chosen)}" if chosen else reverse(_LIST)


def _tell(request: HttpRequest, done: _Told) -> None:
    left = f" Left as they are: {len(done.left):,}." if done.left else ""
    level = messages.SUCCESS if done.count else messages.WARNING
    messages.add_message(request, level, f"{done.summary}.{left}")


def _redriven(selection: LetterSelection, by: Operator | None) -> _Told:
    work = Redriving(selection)
    found = work.preview() if by is None else work.carry_out(by=by)
    keys = told(found.released_keys, "closed key")
    return _Told(
        count=found.count + found.released_keys,
        summary=f"Handed back: {told(found.count, 'dead letter')}; released: {keys}",
        doing=tuple(_redriving(found)),
        left=found.left,
    )


def _redriving(found: Redriven) -> Iterator[Cell]:
    if found.count:
        yield (
            f"{told(found.count, 'dead letter')} back to the group, to be handled on the ledger "
            "row on which it failed: what is done already is not done again."
        )
    if found.released_keys:
        yield (
            f"{told(found.released_keys, 'closed key')} released: the message that failed runs "
            "first, what is held behind it follows in order."
        )
    yield from _by_exception(found.by_exception)
    if found.count or found.released_keys:
        yield "A consumer of the group takes it up within a second; without one it waits for one."


def _discarded(selection: LetterSelection, by: Operator | None) -> _Told:
    work = Discarding(selection)
    found = work.preview() if by is None else work.carry_out(by=by)
    return _Told(
        count=found.count,
        summary=f"Discarded: {told(found.count, 'dead letter')}",
        doing=tuple(_discarding(found)),
        left=found.left,
    )


def _discarding(found: Discarded) -> Iterator[Cell]:
    if found.count:
        yield (
            f"{told(found.count, 'dead letter')} will never be handled, whatever is redriven or "
            "sought later. It stays in the audit with your reason; this cannot be undone."
        )
    if found.closed_keys:
        yield (
            f"{told(found.closed_keys, 'key')} closed by these letters: closed still, and holding "
            "what follows, until released."
        )
    yield from _by_exception(found.by_exception)


def _by_exception(counts: Mapping[str, int]) -> Iterator[Cell]:
    for exception, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        yield f"{count:,} of {exception or 'held, never tried'}"

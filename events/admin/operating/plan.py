"""Plans: the page between the wish and the deed, which says what will happen and asks why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString

from events.admin.operating.operation import Operation
from events.admin.reason import CONFIRMED

TOLD = 20  # of what is left, so many are named

Cell = SafeString | str


class Link(NamedTuple):
    """An operation as a page offers it."""

    title: str
    icon: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What an operation would do now; with `problems` it cannot be done."""

    operation: Operation
    back: str
    doing: Sequence[Cell]
    left: Sequence[str] = ()
    problems: Sequence[str] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[Cell]] = ()

    def with_problems(self, problems: Sequence[str]) -> Self:
        """Return the plan with what stands against it."""
        return replace(self, problems=tuple(problems))


def plan_page(
    request: HttpRequest, plan: Plan, *, form: forms.Form, template: str = "", **more: Any
) -> HttpResponse:
    """Return the page that tells the plan and asks for what `form` asks."""
    context = {
        **admin.site.each_context(request),
        "title": plan.operation.title,
        "plan": plan,
        "left": plan.left[:TOLD],
        "left_more": max(0, len(plan.left) - TOLD),
        "form": form,
        "confirmed": CONFIRMED,
        **more,
    }
    return TemplateResponse(request, template or "events/plan.html", context)


def question_page(
    request: HttpRequest, *, operation: Operation, form: forms.Form, back: str, intro: str
) -> HttpResponse:
    """Return the form whose answers lead to a plan; sending it changes nothing."""
    context = {
        **admin.site.each_context(request),
        "title": operation.title,
        "intro": intro,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "events/question.html", context)


def links(
    user: Any, offers: Iterable[tuple[Operation, str, Sequence[Any]]], *, topics: Iterable[str]
) -> list[Link]:
    """Return what the user may do to the topics: each operation by the name of its page."""
    named = tuple(topics)
    return [
        Link(operation.title, operation.icon, reverse(f"admin:{page}", args=args))
        for operation, page, args in offers
        if operation.allows(user, topics=named)
    ]


def told(count: int, one: str, many: str = "") -> str:
    """Return `1 dead letter`, `1,204 dead letters`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"

"""What failed, by kind: open dead letters grouped by exception and handler, and what to do."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from events.admin import columns
from events.admin.operating import letters
from events.admin.operating.operation import DISCARD, REDRIVE, Operation
from events.admin.operating.plan import Link, told
from events.auditing.dead_letter_list import newest_letters
from events.auditing.letter_groups import LetterGroup, letter_groups
from events.grants import readable
from events.models import DeadLetter

PAGE = "events_deadletter_kinds"
LETTERS = 10_000  # the newest open letters are grouped; older ones are not looked at

_BY_HAND = (REDRIVE, DISCARD)


def kinds_view(request: HttpRequest) -> HttpResponse:
    """Show the kinds, of one group and topic if they are chosen; the list shows them, too."""
    if not request.user.has_perm("events.view_deadletter"):
        raise PermissionDenied
    chosen = {name: value for name in ("group", "topic") if (value := _asked(request, name))}
    open_letters = readable(DeadLetter.objects.open().filter(**chosen), user=request.user)
    newest, is_complete = newest_letters(open_letters, most=LETTERS)
    found = letter_groups(newest)
    count = sum(each.count for each in found)
    offered = [each for each in _BY_HAND if each.is_for(request.user)]
    context = {
        **admin.site.each_context(request),
        "title": "Dead letters by what failed",
        "letters": told(count, "letter"),
        "is_complete": is_complete,
        "kinds": [_kind(each, offered, chosen) for each in found],
        "list": reverse("admin:events_deadletter_changelist"),
    }
    return TemplateResponse(request, "events/letter_kinds.html", context)


def above_list(request: HttpRequest) -> dict[str, Any]:
    """Return what stands above the list: the kinds, or what can be done to the one it shows."""
    if request.GET.get("state") not in {None, "", DeadLetter.State.OPEN}:
        return {}
    if request.GET.get("replay"):  # neither the kinds nor what is done to all narrow by it
        return {}
    asked = {name: value for name in letters.FILTERS if (value := _asked(request, name))}
    offered = [each for each in _BY_HAND if asked and each.is_for(request.user)]
    links = [
        Link(f"{each.title} all of this filter", each.icon, letters.address(each, **asked))
        for each in offered
    ]
    if "exception" in asked or "handler" in asked:
        return {"operations": links}
    return {"operations": links, "kinds_page": f"{reverse(f'admin:{PAGE}')}?{urlencode(asked)}"}


def _asked(request: HttpRequest, name: str) -> str:
    value = request.GET.get(name, "")
    return "" if "\x00" in value else value


def _kind(kind: LetterGroup, offered: list[Operation], asked: dict[str, str]) -> dict[str, Any]:
    chosen = {
        **asked,
        "group": kind.group,
        **({"exception": kind.exception} if kind.exception else {}),
        **({"handler": kind.handler} if kind.handler else {}),
    }
    page = reverse("admin:events_deadletter_changelist")
    return {
        "group": kind.group,
        "exception": kind.exception or "no exception",
        "error": columns.short(kind.error, longest=160),
        "handler": kind.handler or "before any handler",
        "count": f"{kind.count:,}",
        "oldest": columns.moment(kind.oldest),
        "newest": columns.moment(kind.newest),
        "is_several": kind.count > 1,
        "link": f"{page}?{urlencode({'state': 'open', **chosen})}",
        "operations": [
            Link(each.title, each.icon, letters.address(each, **chosen)) for each in offered
        ],
    }

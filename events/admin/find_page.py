"""Find: one box for whatever a person has in hand; one match leads straight to its page."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from events.admin import columns
from events.auditing.finding import Match, find
from events.grants import Right, grants_of

_MODELS = {
    "event": "event",
    "dead_letter": "deadletter",
    "consumption": "consumption",
    "replay": "replay",
}


def urls() -> list[URLPattern]:
    """Return the address of the page, for unfold's admin site."""
    return [path("find/", admin.site.admin_view(find_view), name="find")]


def find_view(request: HttpRequest) -> HttpResponse:
    """Answer `?q=`; raises PermissionDenied for users who may not see events."""
    if not request.user.has_perm("events.view_event"):
        raise PermissionDenied
    topics = grants_of(request.user).reach(Right.READ)
    found = find(request.GET.get("q", ""), topics=topics)
    matches = [match for match in found.matches if request.user.has_perm(_permission(match))]
    if len(matches) == 1:
        return redirect(_address(matches[0]))
    context = {
        **admin.site.each_context(request),
        "title": "Find",
        "query": found.text,
        "is_cut": found.is_cut,
        "matches": [
            {"match": match, "link": _address(match), "at": columns.moment(match.at)}
            for match in matches
        ],
    }
    return TemplateResponse(request, "events/find.html", context)


def _permission(match: Match) -> str:
    return f"events.view_{_MODELS[match.type]}"


def _address(match: Match) -> str:
    return reverse(f"admin:events_{_MODELS[match.type]}_change", args=[match.id])

"""Groups: who is behind and why, even when no consumer lives or Kafka is away."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from events.admin import columns, group_rows, replay_rows
from events.admin.group_rows import Seen
from events.admin.operating import pausing, replaying, seeking
from events.admin.operating.group_topics import readable_groups, readable_topics, topics_of
from events.admin.operating.operation import CLOSE_KEY, PAUSE, REPLAY, SEEK
from events.admin.operating.plan import Link
from events.auditing.group_standing import Standing, group_standing

PERMISSION = "events.view_grouptopic"
PATIENCE_S = 3.0  # for Kafka; without it the page tells the rest
_NO_PATIENCE_S = 0.05  # once Kafka has not answered, it is not waited for again


def urls() -> list[URLPattern]:
    """Return the addresses of the pages, for unfold's admin site."""
    wrap = admin.site.admin_view
    return [
        path("groups/", wrap(groups_view), name="groups"),
        path("groups/<str:group>/", wrap(group_view), name="group"),
        path("groups/<str:group>/seek/", wrap(seeking.seek_view), name=seeking.PAGE),
        path("pause/", wrap(pausing.pausing_view), name=pausing.PAGE),
    ]


def groups_view(request: HttpRequest) -> HttpResponse:
    """List the groups that subscribe to a topic the viewer may read."""
    _check(request)
    seen: list[Seen] = []
    patience_s = PATIENCE_S
    for group in readable_groups(request.user):
        seen.append(_seen(request, group, patience_s))
        patience_s = _NO_PATIENCE_S if seen[-1].standing.kafka_error else PATIENCE_S
    context = {
        **admin.site.each_context(request),
        "title": "Groups",
        "kafka_error": next((each.standing.kafka_error for each in seen), ""),
        "groups": [_line(each) for each in seen],
    }
    return TemplateResponse(request, "events/groups.html", context)


def group_view(request: HttpRequest, group: str) -> HttpResponse:
    """Show one group: partitions, members, what stands still, what was asked of it."""
    _check(request)
    if group not in readable_groups(request.user):
        raise Http404("no such group")
    seen = _seen(request, group, PATIENCE_S)
    standing = seen.standing
    context = {
        **admin.site.each_context(request),
        "title": f"Group {group}",
        "group": group,
        "standing": standing,
        "sees_all": seen.is_all,
        "state": columns.label(group_rows.STATES.get(standing.state, standing.state)),
        "lag": seen.lag,
        "warnings": list(group_rows.warnings(seen)),
        "operations": list(_operations(request, group)),
        "partitions": group_rows.partitions(seen),
        "members": [group_rows.member(each, seen) for each in standing.members],
        "pauses": group_rows.pauses(request, seen),
        "closed_keys": [
            (columns.label(each.cause), f"{each.keys:,}", f"{each.released:,}", f"{each.held:,}")
            for each in (standing.closed_keys if seen.is_all else ())
        ],
        "seeks": [
            (f"{each.topic}:{each.partition}", f"{each.to_offset:,}", each.by, each.reason)
            for each in standing.seeks
            if seen.shows(each.topic)
        ],
        "gaps": group_rows.gaps(seen),
        "replay_header": replay_rows.HEADER,
        "replays": replay_rows.active_of(group, user=request.user),
        **group_rows.HEADERS,
    }
    return TemplateResponse(request, "events/group.html", context)


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _seen(request: HttpRequest, group: str, patience_s: float) -> Seen:
    topics = tuple(readable_topics(request.user, group=group))
    return Seen(
        standing=group_standing(group, timeout_s=patience_s),
        topics=topics,
        is_all=topics == topics_of(group),
    )


def _line(seen: Seen) -> dict[str, Any]:
    standing = seen.standing
    stopped = [each for each in standing.pauses if seen.shows(each.topic)]
    notes = [", ".join(seen.topics), _living(standing), _age(standing.progress_age_s)]
    return {
        "name": standing.group,
        "link": reverse("admin:group", args=[standing.group]),
        "note": " · ".join(each for each in notes if each),
        "lag": "lag unknown" if seen.lag is None else f"lag {seen.lag:,}",
        "tone": "warning" if seen.lag is None else "info" if seen.lag else "success",
        "paused": f"{len(stopped)} paused" if stopped else "",
        "warnings": list(group_rows.warnings(seen)),
    }


def _living(standing: Standing) -> str:
    count = sum(each.is_alive for each in standing.members)
    return f"{count} living consumer{'' if count == 1 else 's'}"


def _age(age_s: float | None) -> str:
    return "" if age_s is None else f"last progress {age_s:,.0f} s ago"


def _operations(request: HttpRequest, group: str) -> Iterator[Link]:
    topics = topics_of(group)
    allowed = {
        each.title
        for each in (PAUSE, CLOSE_KEY, SEEK, REPLAY)
        if any(each.allows(request.user, topics=[topic]) for topic in topics)
    }
    if PAUSE.title in allowed:
        yield Link("Pause…", PAUSE.icon, pausing.address(group=group))
    if CLOSE_KEY.title in allowed:
        yield Link("Close a key…", CLOSE_KEY.icon, pausing.address(group=group, close="yes"))
    if SEEK.title in allowed:
        yield Link("Seek…", SEEK.icon, reverse(f"admin:{seeking.PAGE}", args=[group]))
    if REPLAY.title in allowed:
        yield Link("Replay…", REPLAY.icon, replaying.address(group=group))

"""The sidebar: only pages that exist, only those the user may open."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse


class Page(NamedTuple):
    """The list of a model: its label in Django, its title and its Material Symbol.

    With `query` it is the list so filtered; with `name` another page, for those who may see the
    model.
    """

    label: str
    title: str
    icon: str
    query: str = ""
    name: str = ""


Section = tuple[str, tuple[Page, ...]]

_FLOW: tuple[Section, ...] = (
    (
        "Published",
        (
            Page("events.event", "Events", "inventory_2"),
            Page("events.outboxentry", "Outbox", "outbox"),
            Page("events.publication", "Publications", "flight_takeoff"),
        ),
    ),
    (
        "Consumed",
        (
            Page("events.consumption", "Consumptions", "task_alt"),
            Page("events.attempt", "Attempts", "replay"),
            Page("events.deadletter", "Dead letters", "markunread_mailbox"),
            Page("events.consumption", "Unknown outcomes", "question_mark", "outcome=unknown"),
        ),
    ),
    (
        "Groups",
        (
            Page("events.grouptopic", "Groups", "groups", name="groups"),
            Page("events.pause", "Pauses", "pause_circle"),
            Page("events.replay", "Replays", "history"),
            Page("events.closedkey", "Closed keys", "lock"),
            Page("events.seek", "Seeks", "my_location"),
            Page("events.gap", "Gaps", "broken_image"),
        ),
    ),
)
_OPERATION: Section = (
    "Operation",
    (
        Page("events.heartbeat", "Processes", "monitor_heart"),
        Page("events.operatoraction", "Operator actions", "history_edu"),
        Page("auth.user", "Users", "person"),
        Page("auth.group", "User groups", "group"),
        Page("events.topicgrant", "Topic grants", "shield_person"),
        Page("knox.authtoken", "Tokens", "key"),
    ),
)


def context(_request: HttpRequest) -> dict[str, Any]:
    """Give unfold our sidebar, which has the box to find things on every page."""
    return {"templates": {"navigation": "events/navigation.html"}}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the groups of links; pages of other apps stand between the flow and its operation.

    A model admin of another app may name its Material Symbol by an attribute `sidebar_icon`.
    """
    top = [_item("Overview", icon="monitoring", link=reverse("admin:index"))]
    if request.user.has_perm("events.view_event"):
        top.append(_item("Find", icon="search", link=reverse("admin:find")))
    groups: list[dict[str, Any]] = [{"items": top}]
    offered = _addresses(request)
    for title, pages in (*_FLOW, *_others(), _OPERATION):
        items = [_offer(page, request, offered) for page in pages if page.label in offered]
        if items:
            groups.append({"title": title, "items": items})
    return groups


def _item(title: str, *, icon: str, link: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link}


def _offer(page: Page, request: HttpRequest, offered: dict[str, str]) -> dict[str, Any]:
    address = reverse(f"admin:{page.name}") if page.name else offered[page.label]
    if not page.query:
        rivals = [
            other.query for _, pages in _FLOW for other in pages if other.label == page.label
        ]
        is_rival = any(query and query in request.GET.urlencode() for query in rivals)
        is_here = request.path.startswith(address) and not is_rival
        return {**_item(page.title, icon=page.icon, link=address), "active": is_here}
    is_here = request.path == address and page.query in request.GET.urlencode()
    link = f"{address}?{page.query}"
    return {**_item(page.title, icon=page.icon, link=link), "active": is_here}


def _addresses(request: HttpRequest) -> dict[str, str]:
    """The list of each registered model that the user may see; of others, that they may."""
    without = {
        page.label: ""
        for _, pages in _FLOW
        for page in pages
        if page.name and request.user.has_perm(_permission(page))
    }
    return without | {
        model._meta.label_lower: reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model, model_admin in admin.site._registry.items()
        if model_admin.has_view_permission(request)
    }


def _permission(page: Page) -> str:
    app, model = page.label.split(".")
    return f"{app}.view_{model}"


def _others() -> Iterator[Section]:
    ours = {page.label for _, pages in (*_FLOW, _OPERATION) for page in pages}
    found: dict[str, list[Page]] = {}
    for model, model_admin in admin.site._registry.items():
        meta = model._meta
        if meta.label_lower not in ours:
            title = str(meta.app_config.verbose_name)
            name = str(meta.verbose_name_plural).capitalize()
            icon = getattr(model_admin, "sidebar_icon", "table_rows")
            found.setdefault(title, []).append(Page(meta.label_lower, name, icon))
    yield from ((title, tuple(pages)) for title, pages in sorted(found.items()))

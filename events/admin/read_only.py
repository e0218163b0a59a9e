"""ReadOnly: an admin page that tells what happened and offers nothing that would change it."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.admin import ModelAdmin

from events.admin.paging import LAST_PAGE, InfinitePaginator

Row = TypeVar("Row", bound=Model)


class ReadOnly(ModelAdmin, Generic[Row]):  # type: ignore[misc]  # unfold has no types
    """Nothing is added, changed or deleted; lists read by index, count nothing, end at a page."""

    actions: Sequence[str] | None = None
    change_list_template = "events/list.html"
    empty_text = ""  # what an empty list says: why it is empty and what to do next
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    sortable_by = ()  # another order would have no index

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Nobody adds to the past."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Row | None = None) -> bool:
        """Nobody changes the past."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Row | None = None) -> bool:
        """Nobody deletes the past."""
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only the filters that are offered: any other question could scan the table."""
        offered = {getattr(each, "parameter_name", None) for each in self.list_filter}
        return lookup in offered and "\x00" not in str(value)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; beyond the last page, go back and say how to find older rows."""
        page = request.GET.get("p", "")
        if page.isdecimal() and int(page[:9]) > LAST_PAGE:
            messages.warning(
                request,
                f"Lists end at page {LAST_PAGE}: use a filter, or Find, to go further back.",
            )
            rest = [(name, value) for name, value in request.GET.items() if name != "p"]
            return HttpResponseRedirect(f"{request.path}?{urlencode(rest)}")
        shown: HttpResponse = super().changelist_view(
            request, {"empty_text": self.empty_text, **(extra_context or {})}
        )
        return shown

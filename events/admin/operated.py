"""Operated: a page over rows with what may be done to them by hand, for those who may."""

from collections.abc import Sequence
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from events.admin.by_topic import ByTopic
from events.admin.operating.plan import Link

Row = TypeVar("Row", bound=Model)


class Operated(ByTopic[Row]):
    """Rows are changed through operations alone; each has a page that tells its plan first."""

    change_form_outer_before_template = "events/operations.html"
    list_before_template = "events/operations_before_list.html"

    def operations(self, _request: HttpRequest, _row: Row) -> Sequence[Link]:
        """Return what the viewer may do to the row."""
        return ()

    def operations_of_list(self, _request: HttpRequest) -> Sequence[Link]:
        """Return what the viewer may do from the list."""
        return ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Offer above the row what the viewer may do to it."""
        row = kwargs.get("obj")
        offered = self.operations(request, row) if row is not None else ()
        shown: HttpResponse = super().render_change_form(
            request, context | {"operations": offered}, *args, **kwargs
        )
        return shown

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Offer above the list what the viewer may do."""
        more = {"operations": self.operations_of_list(request), **(extra_context or {})}
        return super().changelist_view(request, more)

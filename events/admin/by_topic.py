"""ByTopic: pages over rows that belong to topics; there are only those of topics one may read."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from events.admin.read_only import ReadOnly
from events.grants import readable

Row = TypeVar("Row", bound=Model)


class ByTopic(ReadOnly[Row]):
    """What no grant of the viewer lets them read is not listed, and its page is not found."""

    def rows(self) -> QuerySet[Row]:
        """Return the rows as the pages need them, of all topics."""
        rows: QuerySet[Row] = self.model._default_manager.all()
        return rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """Keep what the viewer may read."""
        return readable(self.rows(), user=request.user)

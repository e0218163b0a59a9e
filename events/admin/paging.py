"""Pages of big lists: nothing is counted; far pages are refused, as OFFSET reads all before."""

from django.utils.functional import cached_property
from unfold import paginator

LAST_PAGE = 100


class InfinitePaginator(paginator.InfinitePaginator):  # type: ignore[misc]
    """Unfold's paginator with an end. It keeps the name, by which unfold's header knows it."""

    @cached_property
    def count(self) -> int:
        """Return what LAST_PAGE full pages hold; nothing is counted."""
        return LAST_PAGE * int(self.per_page)

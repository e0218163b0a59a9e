"""Reaching: lists of large tables show what an index leads to, and say where they stopped looking.

Django filters and orders a table; where what was chosen is rare, PostgreSQL then reads all of it.
These lists ask the audit's own services for the rows of a page: each looks at a bounded number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from unfold.views import ChangeList

from events.auditing.lanes import Places
from events.grants import Right, grants_of

REACH = 10_000  # rows that are looked at for one page


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a list is to show: the choices of its filters, and the topics, None for all."""

    topics: Sequence[str] | None
    chosen: Mapping[str, str]
    limit: int


class Reaching:
    """For an admin page whose list is found by `reach`: mixed in before the others."""

    def reach(self, asked: Asked) -> Places:
        """Return where the first `asked.limit` rows stand, their keys last; REACH are examined."""
        raise NotImplementedError

    def get_changelist(self, _request: HttpRequest, **_kwargs: Any) -> type["ReachingList"]:
        """Return what finds the rows of a page."""
        return ReachingList


class ReachingList(ChangeList):  # type: ignore[misc]  # unfold has no types
    """The rows of a page by their keys, in the list's order; `is_cut` if it looked no further."""

    is_cut = False
    reach = REACH

    def get_results(self, request: HttpRequest) -> None:
        """Find the page's rows, and what the templates ask of a list."""
        if self.page_num < 1:
            raise IncorrectLookupParameters
        limit = self.page_num * self.list_per_page
        found = self.model_admin.reach(asked_of(self, request, limit=limit))
        first = limit - self.list_per_page
        keys = [place[-1] for place in found.found[first:limit]]
        rows = self.queryset.filter(pk__in=keys)
        self.is_cut = found.next is not None and len(found.found) < limit
        self.paginator = self.model_admin.get_paginator(request, rows, self.list_per_page)
        self.result_list = list(rows)
        self.result_count = self.paginator.count
        self.full_result_count = None
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = True


def asked_of(shown: ChangeList, request: HttpRequest, *, limit: int) -> Asked:
    """Return what the viewer chose, among the topics they may read."""
    chosen = {
        filter_.parameter_name: filter_.value()
        for filter_ in shown.filter_specs
        if filter_.value() is not None
    }
    grants = grants_of(request.user)
    topic = chosen.pop("topic", None)
    topics = grants.reach(Right.READ)
    if topic is not None:
        topics = [topic] if grants.allows(Right.READ, topic) else []
    return Asked(topics=topics, chosen=chosen, limit=limit)
